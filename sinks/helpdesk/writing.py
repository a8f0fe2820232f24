"""One escalation written to a helpdesk: its ticket is found or created, and what its kind asks for is done with it."""

from collections.abc import Sequence

from pydantic import JsonValue

from sinks.helpdesk.answers import Odd
from sinks.helpdesk.calls import Calls, NotThere
from sinks.helpdesk.mapping import FLAG, HelpdeskMapping, Kind, is_number
from sinks.helpdesk.references import can_be_reference
from sinks.notify.base import NotDelivered


class Writing:
    """Can be repeated at any step: every request either says how things are to be, or is left out when what it would
    add is there. `values` are what the templates may name; `id` among them is the ticket, once it is known.
    """

    def __init__(self, mapping: HelpdeskMapping, calls: Calls, values: dict[str, JsonValue]) -> None:
        self._mapping = mapping
        self._calls = calls
        self._values = values

    @property
    def reference(self) -> str | None:
        """The ticket's id in the helpdesk, once it is known."""
        found = self._values.get("id")
        return None if found is None else str(found)

    @property
    def is_ours(self) -> bool:
        """Whether it was found by its mark or created, and not by what somebody said of it."""
        return bool(self._values["ours"])

    async def write(self, kind: Kind, known: str | None, is_ours: bool = False) -> str:
        """Do it, and return the ticket's id. `known` is the id that the ticket is said to have, or that of one that we
        have created (`is_ours`). Raises NotDelivered.
        """
        if known is not None:
            self._learn("id", known)
            self._values["ours"] = is_ours
            try:
                await self._run(self._mapping.on[kind])
            except NotThere:
                # An event can say anything of where it came from.
                self._values["id"] = None
            else:
                return known
        self._values["ours"] = True
        await self._run(self._mapping.find)
        if self.reference is None:
            if kind == "resolved":
                raise NotDelivered("the helpdesk has no ticket of this escalation to be resolved", permanent=True)
            await self._run(self._mapping.create)
        reference = self.reference
        if reference is None:
            raise NotDelivered("the helpdesk does not say which ticket it has created")
        await self._run(self._mapping.on[kind])
        return reference

    async def _run(self, steps: Sequence[str]) -> None:
        for step in steps:
            request = self._mapping.requests[step]
            if request.needs is not None and not self._values.get(request.needs):
                continue
            if request.unless is not None and self._values.get(request.unless):
                continue
            answer = await self._calls.ask(step, request, self._values)
            for name, take in request.take.items():
                try:
                    self._learn(name, None if answer is None else take.of(answer, self._values))
                except Odd as error:
                    raise NotDelivered(f"{step}: the helpdesk's answer is not as the mapping says: {error}") from None

    def _learn(self, name: str, value: JsonValue) -> None:
        if name == "id":
            value = _reference(value)
            if self._mapping.numbered and isinstance(value, str) and is_number(value):
                value = int(value)
        self._values[name] = value
        if name == "flags":
            if not isinstance(value, list):
                # What is written back replaces them all.
                raise Odd("there is no list of flags")
            flag = self._values[FLAG]
            flags = [each for each in value if isinstance(each, str)]
            self._values["flagged"] = flag in flags
            self._values["flags_with"] = [*(each for each in flags if each != flag), flag]
            self._values["flags_without"] = [each for each in flags if each != flag]


def _reference(value: JsonValue) -> str | int | None:
    """What can be a ticket's id."""
    if isinstance(value, str):
        return value if can_be_reference(value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
