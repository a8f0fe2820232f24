"""Whose the rows of `dead_letters` are, in SQL."""

from typing import Final

_BODY: Final = "ifNull(value, '')"
_IN_DATA: Final = f"JSONHas({_BODY}, 'specversion') AND JSONType({_BODY}, 'data') = 'Object'"
_NAMED: Final = f"if({_IN_DATA}, JSONExtractString({_BODY}, 'data', 'tenant'), JSONExtractString({_BODY}, 'tenant'))"
#: What its own JSON says, or the data of its CloudEvent; what names nobody is of the tenant of events that name none.
TENANT: Final = f"ifNull(nullIf({_NAMED}, ''), 'default')"
#: Whether it can be told at all.
IS_OBJECT: Final = f"JSONType({_BODY}) = 'Object'"
#: What was done about a letter, which is a row as well.
IS_MARK: Final = "stage = 'dlq' AND topic = 'tickets.dead-letters.v1'"
