"""The signals that a customer's message gives: those that were read from it, and a policy's own. Pure."""

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Final

from schemas.scored import ScoredEvent
from streams.escalation.conditions import Test, test_of
from streams.escalation.facts import Moment
from streams.escalation.policy import Group, Policy, SignalCondition, SignalRule
from streams.scoring.matcher import Matcher
from streams.scoring.readers.substrings import has_any
from streams.scoring.word_lists import WordList
from streams.scoring.words import lowered, words_of


class Signals:
    """The signals that some condition of a policy asks for."""

    def __init__(self, policy: Policy) -> None:
        asked = _asked(policy)
        own = {name: signal for name, signal in policy.signals.items() if name in asked}
        self._read: Final = asked - set(policy.signals)
        self._own: Final = tuple((name, _part_of_text(signal), _test(signal)) for name, signal in own.items())
        self._by_more_than_words: Final = any(is_in or holds for _, is_in, holds in self._own)
        # The phrases of all signals in one pass over the words.
        lists = [
            WordList(name=name, hit="", miss="", entries=signal.phrases)
            for name, signal in own.items()
            if signal.phrases and signal.match == "words"
        ]
        self._matcher: Final = Matcher(lists) if lists else None

    def given(self, moment: Moment) -> tuple[str, ...]:
        """The signals of a customer's message, those that were read from it first, by name."""
        event = moment.event
        if event is None:
            return ()
        read = event.reading.signals
        given = sorted(self._read.intersection(read)) if read else []
        text = text_of(event)
        said = {hit.list for hit in self._matcher.find_words(words_of(text))} if self._matcher is not None else ()
        if self._by_more_than_words:
            # One signal may be a condition of another: those that were found so far are seen by the tests that follow.
            moment = moment._replace(signals=given)
            for name, is_in, holds in self._own:
                if name in said or (is_in is not None and is_in(text)) or (holds is not None and holds(moment)):
                    given.append(name)
        elif said:
            given += [name for name, _, _ in self._own if name in said]
        return tuple(given)


def text_of(event: ScoredEvent) -> str:
    """Subject and text, as they were scored."""
    subject, text = event.subject, event.text
    return f"{subject}\n{text}" if subject and text else subject or text or ""


def _asked(policy: Policy) -> set[str]:
    groups: Iterable[Group] = chain(
        (rule.when for rule in policy.rules),
        (part.when for part in policy.risk),
        (signal.when for signal in policy.signals.values() if signal.when is not None),
    )
    conditions = chain.from_iterable(group.conditions() for group in groups)
    return {condition.signal for condition in conditions if isinstance(condition, SignalCondition)}


def _test(signal: SignalRule) -> Test | None:
    return test_of(signal.when) if signal.when is not None else None


def _part_of_text(signal: SignalRule) -> Callable[[str], bool] | None:
    if not signal.phrases or signal.match != "anywhere":
        return None
    phrases = [lowered(phrase) for phrase in signal.phrases]
    return lambda text: has_any(lowered(text), phrases)
