"""A watched series: what is learnt of it, when an alert begins and ends. Windows of five minutes, drawn from a seed."""

import math
import random
from collections.abc import Callable, Sequence

import pytest

from schemas.alerts import Measure
from streams.spikes import Finding, Reading, SpikeRules, Watched, close, look_early
from streams.spikes.baseline import Learning

RULES = SpikeRules()
SIZE = RULES.size
HOUR, DAY, WEEK = 3600 // SIZE, 86_400 // SIZE, 7 * 86_400 // SIZE
# A Monday, midnight.
BEGIN = 1_767_571_200

Rate = Callable[[int], float]


class Follower:
    """One series, window by window."""

    def __init__(self, measure: Measure, seed: int = 1) -> None:
        self.measure = measure
        self.draw = random.Random(seed)
        self.watched = Watched(BEGIN)
        self.window = 0
        self.told: list[tuple[int, Finding]] = []

    def read(self, reading: Reading) -> None:
        at = BEGIN + self.window * SIZE
        self.watched, finding = close(self.watched, self.measure, at, reading, RULES)
        if finding is not None:
            self.told.append((self.window, finding))
        self.window += 1

    def counts(self, windows: int, rate: Rate | float) -> "Follower":
        """Windows with Poisson counts; a rate may be of the window's number."""
        for _ in range(windows):
            expected = rate(self.window) if callable(rate) else rate
            self.read(Reading(_poisson(expected, self.draw), 1.0))
        return self

    def shares(self, windows: int, trials: int, share: float) -> "Follower":
        """Windows with so many trials each."""
        for _ in range(windows):
            hits = sum(self.draw.random() < share for _ in range(trials))
            self.read(Reading(float(hits), float(trials)))
        return self

    def means(self, windows: int, values: int, mean: float) -> "Follower":
        """Windows with so many scores each, two points around the mean."""
        for _ in range(windows):
            self.read(Reading(sum(self.draw.gauss(mean, 2) for _ in range(values)), float(values)))
        return self

    @property
    def expected(self) -> float:
        """The rate that is expected of the next window."""
        learning = Learning("count", SIZE)
        return learning.outlook(self.watched.baseline, BEGIN + self.window * SIZE).forecasts[-1].rate

    @property
    def story(self) -> list[tuple[str, str]]:
        return [(finding.episode.kind, finding.ended or finding.episode.severity) for _, finding in self.told]


def _poisson(expected: float, draw: random.Random) -> float:
    """Knuth's product of uniforms, in parts so that nothing underflows."""
    count = 0
    while expected > 0:
        part = min(expected, 30.0)
        expected -= part
        limit, product = math.exp(-part), draw.random()
        while product > limit:
            count += 1
            product *= draw.random()
    return float(count)


def _days(window: int) -> float:
    """Busy at three in the afternoon, nearly nothing at three in the morning, half as much at weekends."""
    hour = window % DAY / HOUR
    weekend = 0.5 if window // DAY % 7 >= 5 else 1.0
    return 40 * (1 + 0.9 * math.cos((hour - 15) / 24 * 2 * math.pi)) * weekend


def test_a_spike_fires_in_its_first_window_and_ends_when_it_is_calm() -> None:
    series = Follower("volume").counts(2 * DAY, 30).counts(4, 90)
    ((window, finding),) = series.told
    assert window == 2 * DAY
    assert (finding.episode.kind, finding.episode.start) == ("spike", BEGIN + window * SIZE)
    assert finding.episode.worst.observed > 60
    assert finding.episode.worst.expected == pytest.approx(30, rel=0.2)
    assert finding.episode.worst.probability < RULES.chance
    series.counts(RULES.calm_windows, 30)
    assert series.story[-1] == ("spike", "calm")
    assert series.watched.episode is None


def test_a_window_that_is_no_longer_high_does_not_end_it() -> None:
    series = Follower("volume").counts(2 * DAY, 30).counts(2, 90).counts(2, 30).counts(2, 90).counts(2, 30)
    assert len(series.told) == 1
    assert series.watched.episode is not None


def test_a_spike_that_grows_is_told_once_more_as_critical() -> None:
    series = Follower("volume").counts(2 * DAY, 30).counts(3, 75).counts(3, 240)
    assert series.story == [("spike", "warning"), ("spike", "critical")]
    assert len({finding.episode.start for _, finding in series.told}) == 1


def test_a_smaller_rise_that_lasts_is_found_by_the_longer_spans() -> None:
    series = Follower("volume").counts(3 * WEEK, 15).counts(12, 36)
    ((window, finding),) = series.told
    assert finding.episode.worst.windows > 1
    assert finding.episode.start < BEGIN + window * SIZE


def test_a_rise_that_is_improbable_but_small_matters_to_nobody() -> None:
    assert Follower("volume").counts(2 * DAY, 3000).counts(DAY, 3900).told == []


def test_few_events_are_no_spike_whatever_their_probability() -> None:
    series = Follower("volume").counts(2 * WEEK, 0.002)
    series.read(Reading(5.0, 1.0))
    assert series.told == []


def test_days_and_weekends_are_usual_once_they_are_known() -> None:
    series = Follower("volume").counts(3 * WEEK, _days)
    assert [window for window, _ in series.told if window >= WEEK] == []
    # Noon is expected to be like noons, and a Saturday like Saturdays.
    for days, hour in ((0, 3), (0, 15), (5, 15)):
        series.counts((3 * WEEK + days * DAY + hour * HOUR) - series.window, _days)
        assert series.expected == pytest.approx(_days(series.window), rel=0.2)
        series.counts(1, _days)


def test_as_many_at_night_as_by_day_are_a_spike() -> None:
    series = Follower("volume").counts(3 * WEEK + 3 * HOUR, _days).counts(2, _days(15 * HOUR))
    assert series.told[-1][0] in (3 * WEEK + 3 * HOUR, 3 * WEEK + 3 * HOUR + 1)


def test_a_spike_is_not_learnt() -> None:
    series = Follower("volume").counts(2 * DAY, 30)
    before = series.watched.baseline
    series.counts(HOUR, 120)
    assert series.watched.episode is not None
    assert series.watched.baseline == before


def test_what_has_lasted_a_day_is_usual_now() -> None:
    series = Follower("volume").counts(10 * DAY, 30).counts(DAY + 2, 90)
    assert series.story[-1] == ("spike", "usual now")
    told = len(series.told)
    series.counts(DAY, 90)
    assert len(series.told) == told
    # The season learns it too, hour by hour, and the level has to follow that.
    assert series.expected == pytest.approx(90, rel=0.3)


def test_a_silence_fires_when_enough_was_expected_and_ends_with_the_first_event() -> None:
    series = Follower("volume").counts(2 * DAY, 30).counts(4, 0)
    ((window, finding),) = series.told
    assert (finding.episode.kind, finding.episode.severity) == ("silence", "critical")
    assert window == 2 * DAY + RULES.least_silent - 1
    assert finding.episode.start == BEGIN + 2 * DAY * SIZE
    series.counts(1, 30)
    assert series.story[-1] == ("silence", "calm")


def test_a_sparse_channel_is_silent_after_a_longer_time_only() -> None:
    series = Follower("volume").counts(WEEK, 0.5).counts(10, 0)
    assert series.told == []
    series.counts(18 * HOUR, 0)
    assert series.story == [("silence", "critical")]


def test_a_share_is_held_against_the_number_of_its_trials() -> None:
    few = Follower("negative_share").shares(DAY, 4, 0.2).shares(1, 4, 1.0)
    assert few.told == []
    many = Follower("negative_share").shares(8 * DAY, 40, 0.2).shares(2, 40, 0.6)
    assert [kind for kind, _ in many.story] == ["spike"]


def test_windows_without_trials_end_an_alert_and_teach_nothing() -> None:
    series = Follower("negative_share").shares(DAY, 40, 0.2).shares(1, 40, 0.9)
    baseline = series.watched.baseline
    for _ in range(RULES.calm_windows):
        series.read(Reading(0.0, 0.0))
    assert series.story[-1] == ("spike", "calm")
    assert series.watched.baseline == baseline


def test_a_fall_of_the_average_score_fires_and_a_rise_does_not() -> None:
    risen = Follower("score").means(DAY, 40, 5).means(HOUR, 40, 8)
    assert risen.told == []
    fallen = Follower("score").means(DAY, 40, 5).means(2, 40, 2.5)
    assert fallen.story[0][0] == "fall"


def test_a_window_that_is_open_fires_when_it_has_enough_already() -> None:
    series = Follower("volume").counts(2 * DAY, 30)
    at = BEGIN + series.window * SIZE
    assert look_early(series.watched, "volume", at, Reading(45.0, 1.0), RULES) is None
    finding = look_early(series.watched, "volume", at, Reading(120.0, 1.0), RULES)
    assert finding is not None
    assert (finding.episode.start, finding.ended) == (at, None)


def test_the_next_open_window_is_judged_by_itself() -> None:
    series = Follower("volume").counts(2 * DAY, 30)
    at = BEGIN + (series.window + 1) * SIZE
    finding = look_early(series.watched, "volume", at, Reading(120.0, 1.0), RULES)
    assert finding is not None
    assert finding.episode.start == at


@pytest.mark.parametrize("seed", range(5))
def test_a_series_that_does_as_usual_raises_nothing(seed: int) -> None:
    quiet: Sequence[Follower] = (
        Follower("volume", seed).counts(WEEK, 30),
        Follower("volume", seed).counts(WEEK, 0.3),
        Follower("very_negative", seed).counts(WEEK, 3),
    )
    assert [series.told for series in quiet] == [[]] * len(quiet)
