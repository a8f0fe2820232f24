"""Summaries by the language model: personal data out before it is asked, and back into its words here."""

from collections.abc import Sequence
from typing import Final

from sinks.summaries.writing import NotWritten, Parts, Said, Writer, Written
from streams.config import Settings
from streams.llm.assistant import Assistant
from streams.llm.data import seen, shortened
from streams.llm.outcome import NotAnswered
from streams.llm.tasks import Summarise, conversation_data
from streams.llm.wiring import assistant_of
from streams.privacy import Kind, Redactor, restore

# What a colleague needs to understand a summary. Numbers of cards and accounts, secrets and links are looked up in the
# messages by who needs them.
_PUT_BACK: Final[tuple[Kind, ...]] = ("NAME", "EMAIL", "PHONE", "IP")
_LONGEST_PART: Final = 2_000


class SummaryWriter(Writer):
    """Keeps `sinks.summaries.writing.Writer`."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    async def write(self, tenant: str, said: Sequence[Said]) -> Written | NotWritten:
        """See `Writer`."""
        if not self._assistant.rules.of(tenant).summarise:
            return NotWritten("disabled", "no language model is set up for this tenant")
        redactor = Redactor()
        texts = redactor.redact_all([seen(each.text) for each in said])
        told = [(each.voice, text) for each, text in zip(said, texts, strict=True)]
        shown = within(told, self._assistant.rules.model.characters)
        found = await self._assistant.ask(tenant, Summarise(), conversation_data(shown))
        if isinstance(found, NotAnswered):
            return NotWritten(found.reason, found.detail)
        parts = (found.value.problem, found.value.tried, found.value.wants, found.value.next_step)
        whole = [restore(part, redactor.originals, _PUT_BACK)[:_LONGEST_PART] for part in parts]
        return Written(Parts(*whole), found.model)

    async def close(self) -> None:
        """Let go of connections and files."""
        await self._assistant.close()


def within(said: Sequence[tuple[str, str]], characters: int) -> list[tuple[str, str]]:
    """The first message and as many of the newest as have room in so many characters; oldest first."""
    [first, *others] = said
    begin = (first[0], shortened(first[1], characters // 3))
    room, kept = characters - len(begin[1]), []
    for speaker, text in reversed(others):
        room -= len(text)
        if room < 0:
            break
        kept.append((speaker, text))
    return [begin, *reversed(kept)]


def summary_writer_of(settings: Settings) -> SummaryWriter | None:
    """Who writes summaries; none where no model is set up. Raises as `assistant_of` does."""
    assistant = assistant_of(settings)
    return None if assistant is None else SummaryWriter(assistant)
