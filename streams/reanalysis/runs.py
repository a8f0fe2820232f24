"""What is known of a re-analysis, and where it is kept: one row of the table `reanalyses`, replaced as it goes on."""

import uuid
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec
from clickhouse_connect.driver.client import Client

from sinks.columns import EPOCH_BITS

State = Literal["running", "stopped", "failed", "done"]

_COLUMNS: Final = (
    *("id", "tenant", "asked", "epoch", "scorer", "program", "state", "error", "tickets", "events", "done"),
    *("relabelled", "unscored", "windows", "escalations", "reached", "started_at", "updated_at", "ended_at"),
    "version",
)
_TIMES: Final = ("started_at", "updated_at", "ended_at")
_NEWEST: Final = 100


class UnknownRun(Exception):
    """There is no such run. The message says which there are."""


class Run(msgspec.Struct, kw_only=True, frozen=True):
    """A run: what was `asked` (JSON), under which model epoch it writes, and how far it is.

    `tickets` and `events` are those of the selection; of the events so many are `done`: their new rows are stored.
    `relabelled` have another label or category than before, `unscored` no score. `reached` (JSON) is the place in the
    selection up to which all is stored.
    """

    id: str
    tenant: str
    asked: str
    epoch: int
    scorer: str = ""
    program: str = ""
    state: State = "running"
    error: str = ""
    tickets: int = 0
    events: int = 0
    done: int = 0
    relabelled: int = 0
    unscored: int = 0
    windows: int = 0
    escalations: int = 0
    reached: str = ""
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
    version: int = 1


def begin(client: Client, asked: str, tenant: str | None, program: str, now: datetime) -> Run:
    """A new run under the next model epoch, stored. Raises ValueError when there is none left."""
    [[of_runs]] = client.query("SELECT max(epoch) FROM reanalyses").result_rows
    [[of_rows]] = client.query("SELECT max(model_epoch) FROM scored_events").result_rows
    epoch = max(int(of_runs), int(of_rows)) + 1
    if epoch >= 1 << EPOCH_BITS:
        raise ValueError(f"model epoch {epoch}: a version has {EPOCH_BITS} bits for it, and they are used up")
    run = Run(
        id=str(uuid.uuid4()),
        tenant=tenant or "",
        asked=asked,
        epoch=epoch,
        program=program,
        started_at=now,
        updated_at=now,
    )
    store(client, run)
    return run


def moved(run: Run, now: datetime, **changes: Any) -> Run:
    """The same run after something has changed."""
    return msgspec.structs.replace(run, **changes, updated_at=now, version=run.version + 1)


def store(client: Client, run: Run) -> None:
    """Write the row of a run."""
    values = msgspec.structs.asdict(run)
    values["id"] = uuid.UUID(run.id)
    client.insert("reanalyses", [[values[name] for name in _COLUMNS]], column_names=_COLUMNS)


def read(client: Client, run_id: str) -> Run:
    """A run by its id. Raises UnknownRun."""
    try:
        wanted = str(uuid.UUID(run_id))
    except ValueError:
        raise UnknownRun(f"{run_id!r} is no id of a re-analysis: a UUID is wanted") from None
    found = _read(client, "WHERE id = {id:UUID}", {"id": wanted})
    if not found:
        raise UnknownRun(f"there is no re-analysis {wanted}; `ticketpulse reanalyze --list` shows which there are")
    return found[0]


def newest(client: Client, tenant: str | None = None, limit: int = _NEWEST) -> list[Run]:
    """The last runs, newest first; those of one tenant if it is given."""
    where = "" if tenant is None else "WHERE tenant = {tenant:String}"
    return _read(client, f"{where} ORDER BY started_at DESC, id LIMIT {int(limit)}", {"tenant": tenant or ""})


def _read(client: Client, rest: str, bound: dict[str, Any]) -> list[Run]:
    columns = ", ".join(f"toUnixTimestamp64Milli({name}) AS {name}_ms" if name in _TIMES else name for name in _COLUMNS)
    rows = client.query(f"SELECT {columns} FROM reanalyses_now {rest}", parameters=bound).named_results()  # noqa: S608
    return [_run(row) for row in rows]


def _run(row: dict[str, Any]) -> Run:
    values = {name: row[name] for name in _COLUMNS if name not in _TIMES}
    for name in _TIMES:
        at = row[f"{name}_ms"]
        values[name] = None if at is None else datetime.fromtimestamp(at / 1000, UTC)
    return Run(**{**values, "id": str(row["id"])})
