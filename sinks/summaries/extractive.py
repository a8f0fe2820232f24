"""A summary without a language model: the sentences of a conversation that tell most, word for word. Pure.

A sentence of the customer's tells more if the score hung on words in it, and if it stands in the first message or the
last one. What is wanted is the last request or question; what was tried is what was answered last.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from schemas.scored import Voice
from sinks.summaries.writing import Parts

CHARS: Final = 300
_SENTENCE: Final = re.compile(r"[^.!?\n]{1,2000}+[.!?]*")
_REQUEST: Final = re.compile(
    r"(?i)\b(?:please|pls|i (?:want|need|would like|demand|expect|require)|i'd like|can you|could you|will you|"
    r"would you|refund|give me|send me|cancel|call me|help me)\b"
)
_FORM: Final = re.compile(
    r"(?i)\s*(?:(?:dear|hi|hello|hey|good (?:morning|afternoon|evening))\b[^.!?]{0,40}|(?:(?:kind|best) )?"
    r"regards.{0,40}|thank(?:s| you)(?: (?:so|very) much| in advance)?|sincerely.{0,40}|cheers)[,.! ]*"
)
_WORD: Final = re.compile(r"\w+")
_FEWEST_WORDS: Final = 3
# In points of the score's scale, as reasons are.
_FIRST, _LAST, _REQUESTS = 1.0, 0.4, 0.5


class Told(NamedTuple):
    """A message with the terms that moved its score, each with by how many points."""

    voice: Voice
    text: str
    terms: Sequence[tuple[str, float]] = ()


class _Sentence(NamedTuple):
    text: str
    weight: float
    requests: bool


def extract(messages: Sequence[Told]) -> Parts:
    """Sentences of a conversation, oldest message first. Of one without words all parts are empty."""
    of_customer = [message for message in messages if message.voice == "customer" and _sentences(message)]
    of_desk = [message for message in messages if message.voice != "customer" and _sentences(message)]
    sentences = [
        sentence
        for place, message in enumerate(of_customer)
        for sentence in _weighed(message, first=place == 0, last=place == len(of_customer) - 1)
    ]
    problem = max(sentences, key=lambda each: each.weight, default=None)
    # What was said last holds.
    wants = next((each for each in reversed(sentences) if each.requests), None)
    tried = max(_weighed(of_desk[-1], first=False, last=True), key=lambda each: len(each.text)) if of_desk else None
    return Parts(
        problem=_cut(problem.text) if problem else "",
        tried=_cut(tried.text) if tried else "",
        wants=_cut(wants.text) if wants and wants != problem else "",
    )


def _weighed(message: Told, *, first: bool, last: bool) -> Iterator[_Sentence]:
    for text in _sentences(message):
        folded = text.casefold()
        moved = sum(abs(points) for term, points in message.terms if term and term.casefold() in folded)
        requests = text.endswith("?") or _REQUEST.search(text) is not None
        yield _Sentence(text, moved + first * _FIRST + last * _LAST + requests * _REQUESTS, requests)


def _sentences(message: Told) -> list[str]:
    found = (" ".join(match[0].split()) for match in _SENTENCE.finditer(message.text))
    return [each for each in found if len(_WORD.findall(each)) >= _FEWEST_WORDS and not _FORM.fullmatch(each)]


def _cut(text: str) -> str:
    return text if len(text) <= CHARS else text[: CHARS - 1].rstrip() + "…"
