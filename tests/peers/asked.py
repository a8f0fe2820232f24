"""What a peer is asked to do: one JSON argument, the same for all of them."""

import json
import sys
from typing import NamedTuple


class Asked(NamedTuple):
    """`name` is the peer's consumer group and the beginning of its topics' names; `folder` is for its own state.

    ClickHouse answers HTTP on `clickhouse_port` of this machine, with the peer's tables in `database`. Where scores are
    all that is asked for, there are no tickets, windows and rows: events in, scored events out.
    """

    brokers: str
    name: str
    input: str
    partitions: int
    clickhouse_port: int
    database: str
    folder: str
    only_scores: bool = False

    @property
    def scored(self) -> str:
        """The topic of scored events."""
        return f"{self.name}-scored"

    @property
    def escalations(self) -> str:
        """The topic of escalations."""
        return f"{self.name}-escalations"

    @property
    def changelog(self) -> str:
        """The topic of a state, where a peer keeps one itself."""
        return f"{self.name}-changelog"


def asked() -> Asked:
    """What stands in the last argument, which is taken off: the libraries read arguments too."""
    return Asked(*json.loads(sys.argv.pop()))
