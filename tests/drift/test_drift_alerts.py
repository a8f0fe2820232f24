"""Drift in the stage `trends`: windows in, alerts and notices out, whatever becomes of the partition meanwhile."""

import random
from collections.abc import Callable

import msgspec
import pytest

from schemas.alerts import Alert, decode_alert
from schemas.notices import Alerted, decode_notice
from schemas.windows import Totals, Unseen, Watermark, WindowKey, WindowPartial, encode
from streams import topics
from streams.drift import alerting
from streams.drift.alerting import MAX_CATEGORIES, UNSEEN
from streams.engine.log import Outgoing
from streams.spikes.alerting import FIRING
from streams.trends import TrendsStage
from streams.windows import WindowRules
from tests.unit.records import NINE, Appended, Partition

# Days are not needed, and the time between looks for spikes would be longer than the hours.
RULES = WindowRules(sizes=(3600,))
BEGIN = NINE // 1000
NEGATIVE, USUAL = 0.5, 0.2
WEEK = 168


class Desk:
    """A tenant's hours through the stage, from two partitions of `track`, each closed by their watermarks."""

    def __init__(self) -> None:
        self.trends = Partition(TrendsStage(RULES), partitions=2)
        self.draw = random.Random(4)
        self.hour = 0
        self.alerts: list[Alert] = []
        self.notices: list[Alert] = []
        self.disturb: Callable[[tuple[Appended, ...], int], None] = lambda records, passed: None

    @property
    def start(self) -> int:
        return BEGIN + self.hour * 3600

    def hours(self, count: int, *, negative: float = USUAL, unseen: float | None = None, model: str = "m1") -> "Desk":
        """So many hours with about so many negative texts."""
        for _ in range(count):
            self.pass_hour(*self._partials(negative), *self._unseen(unseen, model))
        return self

    def pass_hour(self, *records: WindowPartial | Unseen) -> None:
        """An hour with these records, and the watermarks that close it."""
        self.hour += 1
        passed = (self.start + RULES.allowed_lateness) * 1000
        marks = [Watermark(source, 2, passed) for source in (0, 1)]
        batch = tuple(Appended(0, NINE, b"", encode(each)) for each in (*records, *marks))
        self.disturb(batch, passed)
        self._take(self.trends.process(*batch, tick=passed))

    def _partials(self, negative: float) -> list[WindowPartial]:
        found = []
        for source in (0, 1):
            texts = self.draw.randint(15, 25)
            bad = sum(self.draw.random() < negative for _ in range(texts))
            totals = Totals(
                events=texts, scored=texts, negative=bad, neutral=texts - bad, score_sum=bad * 300 + (texts - bad) * 600
            )
            for dimension, value in (("overall", ""), ("category", "billing")):
                key = WindowKey("default", 3600, self.start, dimension, value)
                found.append(WindowPartial(source, key, totals))
        return found

    def _unseen(self, share: float | None, model: str) -> list[Unseen]:
        if share is None:
            return []
        drawn = [self.draw.gauss(share, 0.05) for _ in range(40)]
        return [Unseen("default", self.start, model, 20, sum(some)) for some in (drawn[:20], drawn[20:])]

    def _take(self, sent: list[Outgoing]) -> None:
        self.alerts += [decode_alert(each.value or b"") for each in sent if each.topic == topics.ALERTS]
        notices = [decode_notice(each.value or b"") for each in sent if each.topic == topics.NOTICES]
        self.notices += [notice.alert for notice in notices if isinstance(notice, Alerted)]


def shifted() -> Desk:
    return Desk().hours(3 * WEEK).hours(48, negative=NEGATIVE)


def test_a_shift_raises_an_alert_for_the_score_and_one_for_the_labels_and_says_what_to_do() -> None:
    desk = shifted()
    by_measure = {alert.measure: alert for alert in desk.alerts}
    assert sorted(by_measure) == ["label_share", "score"]
    assert len(desk.alerts) == 2
    assert desk.notices == desk.alerts
    score = by_measure["score"]
    assert (score.kind, score.severity, score.state, score.window_size) == ("drift", "warning", "firing", 3600)
    assert score.expected == pytest.approx(5.4, abs=0.1)
    assert score.observed == pytest.approx(4.5, abs=0.15)
    assert abs(score.started_at.timestamp() - (BEGIN + 3 * WEEK * 3600)) <= 6 * 3600
    assert score.summary.startswith("average score 5.4 → 4.")
    assert "ticketpulse model compare" in score.summary
    assert (by_measure["label_share"].dimension, by_measure["label_share"].value) in {
        ("label", "negative"),
        ("label", "neutral"),
    }


def test_an_alert_ends_after_a_week_when_it_is_what_is_usual_now() -> None:
    desk = shifted().hours(WEEK + 4, negative=NEGATIVE)
    ended = [alert for alert in desk.alerts if alert.state == "resolved"]
    assert sorted(alert.measure for alert in ended) == ["label_share", "score"]
    assert {alert.ended for alert in ended} == {"usual now"}
    assert {alert.revision for alert in ended} == {2}
    assert {alert.alert_id for alert in ended} == {alert.alert_id for alert in desk.alerts}


def test_an_alert_ends_when_the_level_comes_back() -> None:
    desk = shifted().hours(60, negative=NEGATIVE).hours(84)
    ended = {alert.measure: alert.ended for alert in desk.alerts if alert.state == "resolved"}
    assert ended["score"] == "calm"
    assert len([alert for alert in desk.alerts if alert.measure == "score"]) == 2


def test_a_crash_or_a_new_owner_at_any_hour_changes_nothing() -> None:
    calm = shifted()
    disturbed = Desk()

    def disturb(records: tuple[Appended, ...], passed: int) -> None:
        if disturbed.hour % 7 == 0:
            disturbed.trends.lose(*records, tick=passed)
        elif disturbed.hour % 7 == 3:
            disturbed.trends.take_over()

    disturbed.disturb = disturb
    disturbed.hours(3 * WEEK).hours(48, negative=NEGATIVE)
    assert disturbed.alerts == calm.alerts
    assert disturbed.trends.rows() == calm.trends.rows()


def test_words_that_the_model_never_saw_are_told_and_a_new_model_begins_anew() -> None:
    desk = Desk().hours(3 * WEEK, unseen=0.05).hours(72, unseen=0.15)
    [alert] = desk.alerts
    assert (alert.measure, alert.kind) == ("unseen_words", "drift")
    assert alert.expected == pytest.approx(0.05, abs=0.01)
    assert alert.observed == pytest.approx(0.15, abs=0.02)
    assert alert.exposure >= 40
    changed = Desk().hours(3 * WEEK, unseen=0.05).hours(72, unseen=0.15, model="m2")
    assert changed.alerts == []


def test_what_is_not_judged_any_more_leaves_no_rows() -> None:
    desk = Desk().hours(3, unseen=0.05)
    late = Appended(0, NINE, b"", encode(Unseen("default", BEGIN, "m1", 5, 1.0)))
    unknown = Appended(0, NINE, b"", encode(Unseen("somebody", BEGIN, "m1", 5, 1.0)))
    desk.trends.process(late, unknown)
    assert desk.trends.keys(UNSEEN) == []
    # A month in which nothing came: the hours between are passed over, with what was noted of them.
    ahead = Appended(0, NINE, b"", encode(Unseen("default", desk.start + 3600, "m1", 5, 1.0)))
    desk.trends.process(ahead)
    assert len(desk.trends.keys(UNSEEN)) == 1
    desk.hour += 30 * 24
    desk.hours(2)
    assert desk.trends.keys(UNSEEN) == []


def test_a_tenant_of_whom_nothing_comes_any_more_leaves_no_rows_and_no_alerts() -> None:
    desk = shifted()
    fired = {alert.alert_id for alert in desk.alerts}
    desk.hour += 15 * 24
    desk.pass_hour()
    assert {alert.alert_id for alert in desk.alerts if alert.ended == "usual now"} == fired
    for table in (alerting.HOURS, alerting.SERIES, alerting.MEASURES_FIRING, FIRING):
        assert desk.trends.keys(table) == []


def test_a_category_that_nobody_uses_any_more_makes_place_for_another() -> None:
    desk = Desk().hours(24)
    key = WindowKey("default", 3600, desk.start, "category", "gone")
    desk.trends.process(Appended(0, NINE, b"", encode(WindowPartial(0, key, Totals(events=1)))))
    desk.hours(24)
    name = alerting.Name("default", "category_share", "category", "gone")
    assert desk.trends.row(alerting.SERIES, name.key) is not None
    desk.hour += 14 * 24
    desk.hours(2)
    hours = desk.trends.row(alerting.HOURS, b"default")
    assert hours is not None
    assert hours.categories == ("billing",)
    assert len(hours.days) == 2
    assert desk.trends.row(alerting.SERIES, name.key) is None
    others = alerting.Name("default", "category_share", "category", "billing")
    assert desk.trends.row(alerting.SERIES, others.key) is not None


def test_hours_that_were_noted_before_days_were_count_as_seen_until_then() -> None:
    hours = alerting.HOURS.decode(msgspec.msgpack.encode([20_000 * 86_400 + 3_600, ["billing"]]))
    assert hours.days == (20_000, 20_000)


def test_tenants_and_categories_are_bounded_and_what_is_left_out_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerting, "MAX_TENANTS", 2)
    trends = Partition(TrendsStage(RULES))
    for tenant in ("a", "b", "c"):
        key = WindowKey(tenant, 3600, BEGIN, "overall", "")
        trends.process(Appended(0, NINE, b"", encode(WindowPartial(0, key, Totals(events=1)))))
    assert trends.counts[("unwatched",)] == 1
    assert sorted(trends.keys(alerting.HOURS)) == [b"a", b"b"]
    for number in range(MAX_CATEGORIES + 1):
        key = WindowKey("a", 3600, BEGIN, "category", f"c{number}")
        trends.process(Appended(0, NINE, b"", encode(WindowPartial(0, key, Totals(events=1)))))
    hours = trends.row(alerting.HOURS, b"a")
    assert hours is not None
    assert len(hours.categories) == MAX_CATEGORIES
    assert trends.counts[("unwatched",)] == 1
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(hours), type=alerting.Hours) == hours
