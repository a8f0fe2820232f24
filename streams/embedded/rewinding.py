"""Where the sink of the embedded process goes on reading, set back; while the process does not run."""

from pathlib import Path

from streams.broker.rewinding import Rewound
from streams.clock import wall_clock
from streams.engine.local import LocalLog, SqliteStorage
from streams.topics import STORED
from streams.up.run_lock import only_one

_GROUP = "clickhouse"


class NoLog(Exception):
    """There is no log in the folder. The message says where it was looked for."""


def rewind(folder: Path) -> list[Rewound]:
    """Have it read from the beginning of what the log still has. Raises AlreadyRunning and NoLog."""
    path = folder / "log.sqlite"
    if not path.exists():
        raise NoLog(f"there is no {path}: TICKETPULSE_LOCAL_DIR names another folder")
    with only_one(folder):
        log = LocalLog(SqliteStorage(path), wall_clock)
        try:
            before = {slot: at for slot, at in log.group_positions(_GROUP).items() if slot.topic in STORED}
            after = {slot: min(log.bounds(slot).earliest, at) for slot, at in before.items()}
            log.commit_group(_GROUP, after)
        finally:
            log.close()
    return [Rewound(slot.topic, slot.partition, before[slot], after[slot]) for slot in sorted(before)]
