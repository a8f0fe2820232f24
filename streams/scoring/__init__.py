"""Text to sentiment. Pure: no clock, no file at call time, no framework."""

from streams.scoring.scorer import Scorer

__all__ = ["Scorer", "default_scorer"]


def default_scorer() -> Scorer:
    """The scorer that the pipeline uses."""
    # The libraries and their lexicons take a second to load; only who scores should wait for them.
    from streams.scoring.helpdesk_scorer import HelpdeskScorer  # noqa: PLC0415

    return HelpdeskScorer()
