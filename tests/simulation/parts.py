"""What is simulated: the engine and the stages as they are, or with one part put in their place that is wrong."""

from collections.abc import Callable
from typing import Final, NamedTuple

from streams.engine.local import LocalPartitionLog, MemoryStorage
from streams.engine.local.storage import Storage
from streams.engine.partition import PartitionTask
from streams.engine.stage import Stage
from streams.escalation.book import BookFile, PolicyBook
from streams.escalation.loading import parse_policy
from streams.registry import RegistryStage
from streams.score import ScoreStage
from streams.track import TrackStage
from streams.trends import TrendsStage
from streams.windows import WindowRules
from tests.policies import SIMPLE_FILE
from tests.simulation.faulty_log import FarPartitionLog
from tests.simulation.notices import TELLING
from tests.simulation.plan import HORIZON, IDLE_AFTER, LATENESS, TOLERANCE, Plan
from tests.simulation.scoring import told

EVENT_IDS: Final = 100
# The simple policy, which also acknowledges, and reminds within seconds.
BOOK: Final = PolicyBook(
    {"simple": parse_policy(SIMPLE_FILE.read_text() + TELLING, SIMPLE_FILE.name)}, BookFile(default="simple")
)


def rules_of(plan: Plan) -> WindowRules:
    """The rules of a schedule's windows."""
    return WindowRules(
        sizes=plan.sizes,
        allowed_lateness=LATENESS,
        future_tolerance=TOLERANCE,
        late_horizon=HORIZON,
        idle_after=IDLE_AFTER,
    )


_BUILD: Final[dict[str, Callable[[WindowRules], Stage]]] = {
    "score": lambda rules: ScoreStage(BOOK, told),
    "track": lambda rules: TrackStage(BOOK, EVENT_IDS, rules),
    "registry": lambda rules: RegistryStage(),
    "trends": TrendsStage,
}


def stage_of(name: str, rules: WindowRules) -> Stage:
    """The stage of that name."""
    return _BUILD[name](rules)


class Parts(NamedTuple):
    """The parts of a simulated pipeline."""

    storage: Callable[[], Storage] = MemoryStorage
    near: type[LocalPartitionLog] = LocalPartitionLog
    far: type[FarPartitionLog] = FarPartitionLog
    task: type[PartitionTask] = PartitionTask
    stage: Callable[[str, WindowRules], Stage] = stage_of


AS_IT_IS: Final = Parts()
