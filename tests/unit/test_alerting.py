"""Alerts of the trends stage: windows in, records of alerts out, whatever happens to the partition meanwhile."""

import random
from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest

from schemas.alerts import Alert, decode_alert
from schemas.notices import Alerted, decode_notice
from schemas.windows import Sample, Samples, Totals, Watermark, WindowKey, WindowPartial, encode
from streams import topics
from streams.engine.log import Outgoing
from streams.spikes import SpikeRules, alerting
from streams.trends import TrendsStage
from tests.unit.records import NINE, RULES, Appended, Partition

SIZE = 300
BEGIN = NINE // 1000
LEARNT = 120
A_DAY = 86_400 // SIZE


class Desk:
    """A tenant's windows through the stage, one after the other, each closed by the watermark."""

    def __init__(self, seed: int = 1) -> None:
        self.trends = Partition(TrendsStage(RULES, SpikeRules(size=SIZE)))
        self.draw = random.Random(seed)
        self.window = 0
        self.alerts: list[Alert] = []

    @property
    def start(self) -> int:
        return BEGIN + self.window * SIZE

    def windows(self, count: int, *, chat: int = 25, email: int = 25, negative: float = 0.2) -> "Desk":
        """So many windows with about so many events of two channels."""
        for _ in range(count):
            self.open(chat=chat, email=email, negative=negative)
            self.pass_window()
        return self

    def open(self, *, chat: int, email: int, negative: float = 0.2) -> None:
        """The totals of the present window, as they are so far."""
        found = {"chat": self._totals(chat, negative), "email": self._totals(email, negative)}
        whole = found["chat"] + found["email"]
        self._tell("overall", "", whole)
        self._tell("category", "billing", whole)
        for channel, totals in found.items():
            if totals.events:
                self._tell("channel", channel, totals)

    def pass_window(self) -> None:
        """The watermark passes the present window and its lateness."""
        self.window += 1
        passed = (self.start + RULES.allowed_lateness) * 1000
        self.take(self.trends.process(Appended(0, NINE, b"watermark", encode(Watermark(0, 1, passed))), tick=passed))

    def tick(self) -> None:
        self.take(self.trends.tick(self.start * 1000 + 60_000))

    def catch_up(self) -> None:
        """Ticks until every window is judged."""
        while (tenant := self.trends.row(alerting.TENANTS, b"acme")) is not None and tenant.until < self.start:
            self.tick()

    def take(self, sent: list[Outgoing]) -> None:
        alerts = [decode_alert(one.value or b"") for one in sent if one.topic == topics.ALERTS]
        # Who tells people hears of each revision, in the tenant's own place.
        notices = [(one.key, decode_notice(one.value or b"")) for one in sent if one.topic == topics.NOTICES]
        assert notices == [(alert.tenant.encode(), Alerted(alert=alert)) for alert in alerts]
        self.alerts += alerts

    def sample(self, *samples: Sample) -> None:
        self.take(self.trends.process(Appended(0, NINE, b"samples", encode(Samples("acme", samples)))))

    def of(self, dimension: str, measure: str) -> list[Alert]:
        return [alert for alert in self.alerts if (alert.dimension, alert.measure) == (dimension, measure)]

    def _totals(self, events: int, negative: float) -> Totals:
        count = max(0, events + self.draw.randint(-3, 3)) if events else 0
        bad = sum(self.draw.random() < negative for _ in range(count))
        return Totals(events=count, scored=count, negative=bad, positive=count - bad, score_sum=500 * count)

    def _tell(self, dimension: str, value: str, totals: Totals) -> None:
        key = WindowKey("acme", SIZE, self.start, dimension, value)
        self.take(self.trends.process(Appended(0, NINE, key.encode(), encode(WindowPartial(0, key, totals)))))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def sample(desk: Desk, rank: int, *phrases: str, score: int = 300, channel: str = "chat") -> Sample:
    return Sample(rank, desk.start + 1, f"t{rank}", channel, "billing", score, phrases)


def test_usual_windows_raise_nothing(desk: Desk) -> None:
    assert desk.windows(LEARNT).alerts == []


def test_an_alert_has_one_id_from_firing_to_resolved(desk: Desk) -> None:
    desk.windows(LEARNT).windows(3, chat=100).windows(4)
    first, last = desk.of("channel", "volume")
    assert (first.state, first.revision, first.value, first.kind) == ("firing", 1, "chat", "spike")
    assert (last.state, last.revision, last.ended) == ("resolved", 2, "calm")
    assert last.alert_id == first.alert_id
    assert (last.started_at, last.fired_at) == (first.started_at, first.fired_at)
    assert first.started_at.timestamp() == BEGIN + LEARNT * SIZE
    assert last.resolved_at is not None
    assert last.resolved_at > last.fired_at


def test_an_alert_says_what_was_seen_and_expected(desk: Desk) -> None:
    desk.windows(LEARNT).windows(1, chat=100)
    (alert,) = desk.of("channel", "volume")
    assert alert.observed == pytest.approx(100, abs=4)
    assert alert.expected == pytest.approx(25, abs=3)
    assert alert.ratio == pytest.approx(4, abs=0.6)
    assert alert.probability < 5e-6
    assert "channel chat" in alert.summary
    assert "100" in alert.summary or "events" in alert.summary


def test_only_the_channel_that_is_silent_is_told_of(desk: Desk) -> None:
    desk.windows(LEARNT).windows(4, chat=0, email=50)
    silent = [alert for alert in desk.alerts if alert.kind == "silence"]
    assert [(alert.dimension, alert.value) for alert in silent] == [("channel", "chat")]
    desk.windows(1)
    assert [alert.state for alert in desk.alerts if alert.kind == "silence"] == ["firing", "resolved"]


def test_a_rise_of_the_negative_share_is_told_for_all_and_for_each_channel(desk: Desk) -> None:
    desk.windows(LEARNT).windows(2, negative=0.9)
    told = {(alert.dimension, alert.value) for alert in desk.alerts if alert.measure == "negative_share"}
    assert told == {("overall", ""), ("channel", "chat"), ("channel", "email"), ("category", "billing")}


def test_an_open_window_fires_before_its_end(desk: Desk) -> None:
    desk.windows(LEARNT)
    desk.open(chat=300, email=25)
    desk.tick()
    (alert,) = desk.of("channel", "volume")
    assert (alert.state, alert.started_at.timestamp()) == ("firing", desk.start)
    # The window's end tells nothing anew.
    desk.pass_window()
    assert len(desk.of("channel", "volume")) == 1


def test_the_tickets_are_the_unhappiest_of_its_windows_and_channel(desk: Desk) -> None:
    desk.windows(LEARNT)
    desk.sample(*(sample(desk, rank, score=rank * 10) for rank in range(20, 0, -1)))
    desk.sample(sample(desk, 99, score=0, channel="email"))
    desk.windows(1, chat=100)
    (alert,) = desk.of("channel", "volume")
    assert alert.tickets == tuple(f"t{rank}" for rank in range(1, 11))


def test_the_phrases_are_those_that_are_new(desk: Desk) -> None:
    desk.windows(LEARNT - 2)
    for _ in range(2):
        desk.sample(*(sample(desk, 1000 * desk.window + rank, "late delivery") for rank in range(10)))
        desk.windows(1)
    desk.sample(*(sample(desk, 5000 + rank, "late delivery", "card declined") for rank in range(10)))
    desk.sample(sample(desk, 6000, "blue parrot"))
    desk.windows(1, chat=100)
    (alert,) = desk.of("channel", "volume")
    assert [phrase.phrase for phrase in alert.phrases] == ["card declined"]
    assert (alert.phrases[0].share, alert.phrases[0].usual) == (round(10 / 11, 4), 0.0)


def test_the_samples_that_are_kept_do_not_depend_on_the_order_in_which_they_come() -> None:
    kept = []
    for order in (1, -1):
        desk = Desk()
        desk.windows(1)
        ranks = list(range(3 * alerting.SAMPLES_OF_A_WINDOW))[::order]
        for rank in ranks:
            desk.sample(sample(desk, rank))
        (key,) = desk.trends.keys(alerting.SAMPLES)
        kept.append(desk.trends.row(alerting.SAMPLES, key))
    assert kept[0] == kept[1]
    assert [each.rank for each in kept[0] or ()] == list(range(alerting.SAMPLES_OF_A_WINDOW))


def test_samples_are_forgotten_after_two_hours(desk: Desk) -> None:
    for _ in range(40):
        desk.sample(sample(desk, desk.window))
        desk.windows(1)
    assert len(desk.trends.keys(alerting.SAMPLES)) == pytest.approx(alerting.SAMPLES_KEPT // SIZE, abs=1)


def _starts(desk: Desk) -> list[int]:
    """The windows with examples, in their order."""
    return sorted(msgspec.msgpack.decode(key, type=tuple[str, int])[1] for key in desk.trends.keys(alerting.SAMPLES))


def test_texts_that_are_too_late_for_an_alert_are_not_remembered(desk: Desk) -> None:
    desk.windows(40)
    hours = range(desk.start - 48 * 3_600, desk.start, 1_800)
    desk.sample(*(Sample(at, at, f"t{at}", "chat", "billing", 300, ()) for at in hours))
    assert _starts(desk) == [at for at in hours if at >= desk.start - alerting.SAMPLES_KEPT]


def test_what_no_closed_window_takes_away_is_swept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerting, "SWEEP_ROWS", 3)
    # Texts from before the tenant's first window, and from a time that is passed over later.
    earlier = range(BEGIN - 36 * 3_600, BEGIN, 3_600)
    desk.sample(*(Sample(at, at, f"t{at}", "chat", "billing", 300, ()) for at in earlier))
    desk.windows(1)
    desk.sample(sample(desk, 1))
    desk.window += 60 * LEARNT
    desk.sample(sample(desk, 2))
    desk.pass_window()
    wanted = desk.start - SIZE
    for _ in range(24):
        desk.tick()
    assert _starts(desk) == [wanted]
    for _ in range(alerting.SAMPLES_KEPT // SIZE):
        assert _starts(desk) == [wanted]
        desk.pass_window()
    assert _starts(desk) == []


def test_texts_of_a_tenant_without_a_window_stay_for_their_time(desk: Desk) -> None:
    desk.sample(sample(desk, 1))
    for _ in range(alerting.SAMPLES_KEPT // SIZE):
        desk.pass_window()
        assert _starts(desk) == [BEGIN]
    desk.pass_window()
    assert _starts(desk) == []


def _interrupted(windows: set[int]) -> Iterator[Alert]:
    desk = Desk()
    for window in range(LEARNT + 12):
        desk.windows(1, chat=100 if LEARNT <= window < LEARNT + 4 else 25)
        if window in windows:
            desk.trends.take_over()
    yield from desk.alerts


@pytest.mark.parametrize(
    "windows", [{5, 100}, {LEARNT - 1, LEARNT}, {LEARNT, LEARNT + 1, LEARNT + 2, LEARNT + 5}, set(range(0, 400, 3))]
)
def test_a_new_owner_tells_the_same(windows: set[int]) -> None:
    assert list(_interrupted(windows)) == list(_interrupted(set()))


def _stand(desk: Desk) -> dict[tuple[str, ...], int]:
    """What the gauge shows of the partition: what there is, without what there is none of."""
    return {labels: number for labels, number in desk.trends.standing["alerts_firing"].items() if number}


@pytest.mark.parametrize("interrupted", [False, True])
def test_it_is_told_at_each_tick_how_many_fire(interrupted: bool) -> None:
    desk, most = Desk(), 0
    for window in range(LEARNT + 14):
        worse = LEARNT <= window < LEARNT + 4
        # The rise grows worse: an alert that is raised counts by its new severity, and no longer by its old one.
        desk.windows(1, chat=60 + 60 * (window - LEARNT) if worse else 25, negative=0.7 if worse else 0.2)
        newest = {alert.alert_id: alert for alert in desk.alerts}
        firing = [alert for alert in newest.values() if alert.state == "firing"]
        expected = Counter((alert.kind, alert.measure, alert.severity) for alert in firing)
        assert _stand(desk) == expected
        if interrupted:
            desk.trends.take_over()
        desk.tick()
        assert _stand(desk) == expected
        most = max(most, len(firing))
    assert most > 5
    assert _stand(desk) == {}
    assert {alert.severity for alert in desk.alerts} == {"warning", "critical"}


def test_an_alert_of_an_open_window_counts_at_once(desk: Desk) -> None:
    desk.windows(LEARNT)
    desk.open(chat=300, email=25)
    desk.tick()
    assert sum(_stand(desk).values()) == len(desk.alerts) > 0


def test_a_crash_before_the_commit_tells_nothing_twice(desk: Desk) -> None:
    desk.windows(LEARNT)
    desk.open(chat=100, email=25)
    passed = (desk.start + SIZE + RULES.allowed_lateness) * 1000
    mark = Appended(0, NINE, b"watermark", encode(Watermark(0, 1, passed)))
    desk.trends.lose(mark, tick=passed)
    desk.pass_window()
    assert [alert.revision for alert in desk.of("channel", "volume")] == [1]


def test_a_long_pause_is_caught_up_within_bounds(desk: Desk) -> None:
    desk.windows(LEARNT)
    desk.window += 12 * A_DAY
    desk.pass_window()
    ticks = 0
    before = desk.trends.row(alerting.TENANTS, b"acme")
    while ticks < 200:
        desk.tick()
        after = desk.trends.row(alerting.TENANTS, b"acme")
        if after == before:
            break
        before, ticks = after, ticks + 1
    assert before is not None
    assert before.until == desk.start


def test_the_values_that_are_watched_are_bounded_and_counted(desk: Desk) -> None:
    told = Totals(events=1)
    for number in range(alerting.MAX_VALUES + 5):
        key = WindowKey("acme", SIZE, BEGIN, "channel", f"c{number}")
        desk.trends.process(Appended(0, NINE, key.encode(), encode(WindowPartial(0, key, told))))
    tenant = desk.trends.row(alerting.TENANTS, b"acme")
    assert tenant is not None
    assert len(tenant.values) == alerting.MAX_VALUES
    assert desk.trends.counts["unwatched",] == 1


def test_the_tenants_that_are_watched_are_bounded_and_counted(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    monkeypatch.setattr(alerting, "MAX_TENANTS", 2)
    for tenant in ("a", "b", "a", "c"):
        key = WindowKey(tenant, SIZE, BEGIN, "overall", "")
        desk.trends.process(Appended(0, NINE, key.encode(), encode(WindowPartial(0, key, Totals(events=1)))))
    assert sorted(desk.trends.keys(alerting.TENANTS)) == [b"a", b"b"]
    assert desk.trends.counts["unwatched",] == 1


def watched(desk: Desk) -> set[tuple[str, str]]:
    """The values that something is kept of."""
    rows = (msgspec.msgpack.decode(key, type=tuple[str, ...]) for key in desk.trends.keys(alerting.SERIES))
    found = {(dimension, value) for _, dimension, value, _ in rows}
    tenant = desk.trends.row(alerting.TENANTS, b"acme")
    assert found == set(tenant.values if tenant else ())
    return found


def test_a_channel_that_was_given_up_is_silent_for_two_weeks_and_then_forgotten(desk: Desk) -> None:
    def of_email() -> list[Alert]:
        return [alert for alert in desk.of("channel", "volume") if alert.value == "email"]

    desk.windows(LEARNT).windows(12, email=0)
    (silence,) = of_email()
    assert (silence.kind, silence.state) == ("silence", "firing")
    desk.window += 13 * A_DAY
    desk.windows(1, email=0)
    assert ("channel", "email") in watched(desk)
    assert of_email() == [silence]
    desk.window += 2 * A_DAY
    desk.windows(1, email=0)
    desk.catch_up()
    assert watched(desk) == {("overall", ""), ("category", "billing"), ("channel", "chat")}
    _, ended = of_email()
    assert (ended.alert_id, ended.state, ended.ended) == (silence.alert_id, "resolved", "usual now")
    desk.windows(3)
    assert ("channel", "email") in watched(desk)
    assert of_email() == [silence, ended]


def test_a_tenant_of_whom_nothing_comes_any_more_leaves_no_rows(desk: Desk) -> None:
    desk.windows(LEARNT)
    desk.sample(sample(desk, 1, "refund"))
    desk.window += 15 * A_DAY
    desk.pass_window()
    desk.tick()
    assert watched(desk) == set()
    for table in (alerting.TENANTS, alerting.FIRING, alerting.SAMPLES):
        assert desk.trends.keys(table) == []


def test_who_comes_every_ten_days_is_not_forgotten(desk: Desk) -> None:
    desk.windows(LEARNT)
    before = watched(desk)
    for _ in range(3):
        desk.window += 10 * A_DAY
        desk.windows(1)
        assert watched(desk) == before


def test_what_was_watched_before_days_were_noted_counts_as_seen_until_then() -> None:
    values = [["overall", ""], ["channel", "chat"]]
    tenant = alerting.TENANTS.decode(msgspec.msgpack.encode([20_000 * 86_400 + SIZE, values]))
    assert tenant.days == (20_000, 20_000)


def test_without_rules_nothing_is_watched() -> None:
    trends = Partition(TrendsStage(RULES))
    key = WindowKey("acme", SIZE, BEGIN, "overall", "")
    trends.process(Appended(0, NINE, key.encode(), encode(WindowPartial(0, key, Totals(events=1)))))
    assert trends.keys(alerting.TENANTS) == []


def test_the_record_on_the_topic_reads_well(desk: Desk) -> None:
    desk.windows(LEARNT)
    desk.open(chat=300, email=25)
    key = WindowKey("acme", SIZE, desk.start, "channel", "chat")
    (sent,) = [
        one
        for one in desk.trends.tick(desk.start * 1000)
        if one.topic == topics.ALERTS and b'"volume"' in (one.value or b"") and b'"chat"' in (one.value or b"")
    ]
    fields = msgspec.json.decode(sent.value or b"")
    assert sent.key == fields["alert_id"].encode()
    assert (fields["tenant"], fields["dimension"], fields["value"]) == (key.tenant, key.dimension, key.value)
    assert fields["started_at"].endswith("Z")
    assert fields["state"] == "firing"
