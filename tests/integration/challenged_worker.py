"""A worker of `score` with a challenger beside it that no folder of models names.

python -m tests.integration.challenged_worker
"""

from streams.app import run_worker
from streams.config import Settings
from streams.engine.stage import Stage
from streams.escalation.book import PolicyBook, preset_book
from streams.learning.aside import Thread
from streams.score import ScoreStage
from streams.stages import load_preset
from tests.learning.challenged import challenger, monotonic, shadow_of


def build(name: str, settings: Settings, book: PolicyBook | None) -> Stage:
    stage = ScoreStage(book or preset_book(settings.preset), load_preset)
    # Time enough on a machine that is busy: what is lost by being late is no subject here.
    stage.tell_beside([shadow_of(challenger(), Thread(60.0, monotonic))])
    return stage


if __name__ == "__main__":
    run_worker("score", Settings(), build=build)
