"""All kinds at once."""

import re
from collections.abc import Sequence
from itertools import chain
from typing import Final

from streams.privacy.addresses import emails, machines, urls
from streams.privacy.credentials import credentials
from streams.privacy.found import Found, apart
from streams.privacy.names import names
from streams.privacy.numbers import accounts, cards, phones, social_security

#: Countries by whose numbering plans telephone numbers without + are read.
REGIONS: Final = ("US", "GB", "DE")
_SEVEN_DIGITS: Final = re.compile(r"(?:\d[^\w\n]{0,3}){6}\d|[A-Za-z]{2}\d{2}[ -]?[A-Za-z0-9]{4}")


def find(text: str, regions: Sequence[str] = REGIONS) -> list[Found]:
    """Personal data in a text, by place, none overlapping. Never raises; the time grows with the length alone."""
    found = [emails(text), urls(text), credentials(text), machines(text), names(text)]
    # Most texts have no long number.
    if _SEVEN_DIGITS.search(text):
        found += [accounts(text), cards(text), social_security(text), phones(text, regions)]
    return apart(chain.from_iterable(found))
