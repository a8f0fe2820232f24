"""What an evaluation found, as it is printed and sent."""

import msgspec

from streams.predictions.measures import Bin, Bounds


class Chances(msgspec.Struct, frozen=True, kw_only=True):
    """Foretold probabilities against what happened at `moments` of `tickets`. `censored` moments could not be judged.

    `brier` is of the model; `references` of others, the first the one that a model must beat; `skills` over each of
    these. `lift` is among the tenth with the highest predictions, beside that of the first reference.
    """

    what: str
    moments: int
    tickets: int
    censored: int
    happened: float
    brier: float
    references: dict[str, float]
    skills: dict[str, Bounds]
    lift: float
    reference_lift: float
    auc: float
    reliability: tuple[Bin, ...]

    @property
    def helps(self) -> bool:
        """Whether it is better than each reference, beyond chance."""
        return all(each.low is not None and each.low > 0 for each in self.skills.values())


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Foretold times against how long it took. `log_error` is the mean of |log(foretold / took)|; `pinball` the mean
    loss in hours of the 10, 50 and 90 % quantiles (of references of the median); `ratios` are log errors as shares of
    each reference's. `coverage` is the share within the 80 % interval, whose median width is `width` hours.
    """

    what: str
    moments: int
    tickets: int
    censored: int
    log_error: float
    references: dict[str, float]
    ratios: dict[str, Bounds]
    pinball: float
    median_pinball: float
    reference_pinball: dict[str, float]
    coverage: float
    width: float

    @property
    def helps(self) -> bool:
        """Whether it is better than each reference, beyond chance."""
        return all(each.high is not None and each.high < 1 for each in self.ratios.values())


class Ratings(msgspec.Struct, frozen=True, kw_only=True):
    """Foretold ratings against those that came: mean errors in points, of the model and of the mean of all; `ratio` of
    the squared errors. `coverage` is the share within the 80 % interval.
    """

    what: str
    moments: int
    tickets: int
    censored: int
    error: float
    reference: float
    ratio: Bounds
    coverage: float

    @property
    def helps(self) -> bool:
        """Whether it is better than the mean, beyond chance."""
        return self.ratio.high is not None and self.ratio.high < 1


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """A walk forward, day by day. What there is too little history for is null, and `missing` says how much there is.
    `alarms` are what is too good to be true; `compared` is how many rows of facts were read with and without what came
    after them.
    """

    first: str
    last: str
    folds: int
    compared: int
    escalation: Chances | None
    resolution: Times | None
    reply_breach: Chances | None
    resolution_breach: Chances | None
    satisfaction: Ratings | None
    missing: dict[str, str]
    alarms: tuple[str, ...]
