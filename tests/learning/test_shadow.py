"""A challenger beside `score`: what it says is told apart, and whatever it does, what counts stays as it is."""

import json
import logging
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.events import ticket_key
from schemas.shadow import LEXICON, ShadowScore, decode_shadow
from schemas.windows import Unseen, decode_partial, home
from streams import topics
from streams.engine.log import Outgoing
from streams.learning.aside import Thread
from streams.learning.in_force import InForce
from streams.learning.novelty import Novelty
from streams.learning.shadow import Shadow, TooSlow, champion_of
from streams.score import Beside, ScoreStage
from streams.scoring import scorer_of
from streams.scoring.readers import reader_of
from tests.learning.challenged import (
    AtOnce,
    Hanging,
    Nonsense,
    Raising,
    Unsure,
    Worded,
    challenger,
    monotonic,
    shadow_of,
)
from tests.learning.kept_models import FIRST, SECOND, card
from tests.logged import ours
from tests.unit.records import CALM, FURIOUS, NINE, Appended, Partition, raw, score_stage

# Of two tenants, an agent among them, one without words and one that cannot be read.
BATCH = (
    raw(0, event_id="a", text=FURIOUS),
    raw(1, event_id="b", text="Great, thank you!", tenant="acme"),
    raw(2, event_id="c", text=CALM, type="agent_reply", author="agent"),
    raw(3, event_id="d", type="status_changed", status="closed", text=None),
    Appended(4, NINE, b"k", b"{"),
    raw(5, event_id="f", ticket_id="t2", text=CALM),
)


def stage(*tellers: Beside) -> ScoreStage:
    made = score_stage(scorer_of("support"), reader_of("support"))
    made.tell_beside(tellers)
    return made


def counting(sent: Sequence[Outgoing]) -> list[Outgoing]:
    return [each for each in sent if each.topic not in (topics.SHADOW_SCORES, topics.PARTIALS)]


def told(sent: Sequence[Outgoing]) -> list[ShadowScore]:
    return [decode_shadow(each.value or b"") for each in sent if each.topic == topics.SHADOW_SCORES]


WITHOUT = Partition(stage()).process(*BATCH)


def test_both_say_what_they_think_of_each_message_with_words() -> None:
    sent = Partition(stage(shadow_of(challenger()))).process(*BATCH)
    assert counting(sent) == WITHOUT
    a, b, c, f = told(sent)
    assert [each.event_id for each in (a, b, c, f)] == ["a", "b", "c", "f"]
    assert (a.champion, a.challenger, a.kind, a.channel, a.tenant) == (LEXICON, SECOND, "sentiment", "email", "default")
    # To one who knows three moods, a very negative text is negative.
    assert (a.champion_class, a.challenger_class, a.agree) == ("very_negative", "negative", True)
    assert (a.probability, a.probability_of_champions) == (0.7, 0.7)
    assert (b.tenant, b.challenger_class) == ("acme", "positive")
    scored = {json.loads(each.value or b"")["event_id"]: json.loads(each.value or b"") for each in WITHOUT[:4]}
    assert a.score == scored["a"]["sentiment"]["score"]
    assert [each.key for each in sent if each.topic == topics.SHADOW_SCORES][3] == ticket_key("default", "t2")


def test_the_champion_is_the_one_that_read_the_event() -> None:
    both = f"sentiment-{FIRST}+category-{SECOND}"
    assert (champion_of(both, "sentiment"), champion_of(both, "category")) == (FIRST, SECOND)
    assert (champion_of(f"support-1+category-{SECOND}", "sentiment"), champion_of("", "category")) == (LEXICON, LEXICON)


def test_no_words_of_customers_are_told() -> None:
    sent = Partition(stage(shadow_of(challenger()))).process(raw(text=FURIOUS, subject="A secret subject"))
    [value] = [each.value or b"" for each in sent if each.topic == topics.SHADOW_SCORES]
    assert not any(word.encode() in value for word in ("worst", "service", "secret"))


def test_categories_are_compared_as_well_and_the_lexicon_is_the_champion_where_no_model_is() -> None:
    in_force = InForce().with_challenger("acme", "category", SECOND)
    model = Worded(card(SECOND, kind="category", classes=("billing", "delivery", "other")))
    sent = Partition(stage(Shadow(in_force, {("category", SECOND): model}, AtOnce()))).process(*BATCH)
    [only] = told(sent)
    assert (only.tenant, only.kind, only.champion, only.score) == ("acme", "category", LEXICON, None)
    assert only.challenger_class == "other"


@pytest.mark.parametrize("make", [Raising, Nonsense, Unsure])
def test_a_challenger_that_fails_changes_nothing_and_is_counted_and_told_once(
    make: type[Worded], caplog: pytest.LogCaptureFixture
) -> None:
    partition = Partition(stage(shadow_of(challenger(make))))
    with caplog.at_level(logging.WARNING):
        assert partition.process(*BATCH) == WITHOUT
        assert partition.counts[("shadow_left", "sentiment", "failed")] == 4
        assert partition.process(*BATCH) == WITHOUT
    assert len(ours(caplog)) == 1
    assert "worst" not in caplog.text


def test_one_that_cannot_be_read_is_counted() -> None:
    partition = Partition(stage(shadow_of(None)))
    assert partition.process(*BATCH) == WITHOUT
    assert partition.counts[("shadow_left", "sentiment", "unreadable")] == 4


def test_one_that_hangs_holds_nobody_up_and_is_asked_again_when_it_is_back() -> None:
    model = challenger(Hanging)
    assert isinstance(model, Hanging)
    partition = Partition(stage(shadow_of(model, Thread(0.05, monotonic))))
    for _ in range(3):
        assert partition.process(*BATCH) == WITHOUT
        assert partition.counts[("shadow_left", "sentiment", "slow")] == 4
    # The second and the third time nobody waited for it.
    assert model.asked == 1
    model.go.set()
    aside = Thread(60.0, monotonic)
    assert len(told(Partition(stage(shadow_of(model, aside))).process(*BATCH))) == 4
    assert len(told(Partition(stage(shadow_of(model, aside))).process(*BATCH))) == 4


def test_the_time_of_a_batch_is_shared_by_its_challengers() -> None:
    now = [0.0]
    aside = Thread(1.0, lambda: now[0])
    aside.begin()

    def slowly() -> str:
        now[0] = 2.0
        return "in time, as far as anybody waited"

    assert aside.run(slowly).startswith("in time")
    with pytest.raises(TooSlow, match="over"):
        aside.run(lambda: "never")
    aside.begin()
    assert aside.run(lambda: "again") == "again"


def test_what_the_champion_never_saw_is_added_up_by_tenant_and_hour() -> None:
    model = Worded(card(FIRST), known=["where", "do", "i", "find", "my"])
    in_force = InForce().with_champion("default", "sentiment", FIRST)
    novelty = Novelty(in_force, {("sentiment", FIRST): model}, AtOnce())
    sent = Partition(stage(novelty)).process(*BATCH)
    assert counting(sent) == WITHOUT
    [found] = [each for each in sent if each.topic == topics.PARTIALS]
    assert found.key == home("default", 3600)
    # The furious one has no known word but "i"; the calm one lacks "invoice?".
    furious = 1 - sum(word in {"i"} for word in FURIOUS.lower().split()) / len(FURIOUS.split())
    unseen = decode_partial(found.value or b"")
    assert isinstance(unseen, Unseen)
    assert (unseen.tenant, unseen.start, unseen.model, unseen.texts) == ("default", NINE // 1000, FIRST, 2)
    assert unseen.share == pytest.approx(furious + 1 / 6, abs=1e-4)


def test_a_champion_that_cannot_say_what_it_knows_changes_nothing() -> None:
    class Wordless(Worded):
        def known_share(self, texts: Sequence[str]) -> NDArray[np.float64]:
            raise RuntimeError("no words")

    in_force = InForce().with_champion("", "sentiment", FIRST)
    novelty = Novelty(in_force, {("sentiment", FIRST): Wordless(card(FIRST))}, AtOnce())
    assert Partition(stage(novelty)).process(*BATCH) == WITHOUT
