"""What is stored of runs, and of the tickets that they were of."""

from collections.abc import Sequence
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from sinks.dashboard.asking import ask, from_milliseconds, from_milliseconds_or_none
from sinks.reanalysis.models import HelpdeskResult, ReanalysisRun, ReanalysisRuns

MOST_RUNS = 100
_COLUMNS = """
    toString(id) AS run, tenant, asked, epoch, scorer, state, error, tickets, events, done, relabelled, unscored,
    windows, escalations, toUnixTimestamp64Milli(started_at) AS started, toUnixTimestamp64Milli(updated_at) AS updated,
    toUnixTimestamp64Milli(ended_at) AS ended"""
_RESULTS = """
SELECT ticket_id, argMax(score, at) AS score, argMax(toString(label), at) AS label, argMax(scored, at) AS has_score
FROM
(
    SELECT ticket_id, score, label, scored, (occurred_at, log_partition, log_offset) AS at
    FROM scored_events_now
    WHERE tenant = {tenant:String} AND ticket_id IN {tickets:Array(String)} AND voice = 'customer'
        AND (subject != '' OR text != '')
)
GROUP BY ticket_id
ORDER BY ticket_id"""


def read_run(client: Client, tenant: str, run_id: str) -> ReanalysisRun | None:
    """A run of a tenant; None if there is none of this id (a UUID)."""
    rows = ask(
        client,
        f"SELECT {_COLUMNS} FROM reanalyses_now WHERE tenant = {{tenant:String}} AND id = {{id:UUID}}",  # noqa: S608
        {"tenant": tenant, "id": run_id},
    )
    return _run(rows[0]) if rows else None


def read_runs(client: Client, tenant: str) -> ReanalysisRuns:
    """A tenant's newest runs."""
    rows = ask(
        client,
        f"SELECT {_COLUMNS} FROM reanalyses_now WHERE tenant = {{tenant:String}} "  # noqa: S608
        f"ORDER BY started_at DESC, id LIMIT {MOST_RUNS}",
        {"tenant": tenant},
    )
    return ReanalysisRuns(runs=[_run(row) for row in rows])


def read_results(client: Client, tenant: str, tickets: Sequence[str]) -> list[HelpdeskResult]:
    """The last text of each ticket's customer. Tickets that have none are left out."""
    rows = client.query(_RESULTS, parameters={"tenant": tenant, "tickets": list(tickets)}).named_results()
    return [
        HelpdeskResult(
            ticket_id=row["ticket_id"],
            sentiment_score=float(row["score"]) if row["has_score"] else None,
            sentiment_label=row["label"],
        )
        for row in rows
    ]


def tickets_of(run: ReanalysisRun) -> list[str]:
    """The ids that a run is of, where it is of tickets that were named or chosen."""
    named = run.asked.get("tickets", [])
    return [str(each) for each in named] if isinstance(named, list) else []


def _run(row: dict[str, Any]) -> ReanalysisRun:
    plain = {name: row[name] for name in ReanalysisRun.model_fields if name in row}
    events = int(row["events"])
    return ReanalysisRun.model_validate(
        {
            **plain,
            "id": row["run"],
            "asked": msgspec.json.decode(row["asked"]),
            "progress": min(1.0, int(row["done"]) / events) if events else 1.0,
            "started_at": from_milliseconds(row["started"]),
            "updated_at": from_milliseconds(row["updated"]),
            "ended_at": from_milliseconds_or_none(row["ended"]),
        }
    )
