"""A re-analysis from its begin, or from where it stopped, to its end: rows first, then the windows of the days that
they count in.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from datetime import datetime
from typing import Final, NamedTuple, Protocol

import msgspec
from clickhouse_connect.driver.client import Client

from sinks.clickhouse.blocks import Shape, insert, shape_of
from sinks.rows import TABLES
from streams.reanalysis import runs, selecting
from streams.reanalysis.asked import Asked, decode, encode
from streams.reanalysis.judging import Wanted
from streams.reanalysis.rows import Original, Row, read_rows
from streams.reanalysis.runs import Run, moved
from streams.reanalysis.scoring import Done, Model, Task, work
from streams.reanalysis.selecting import SLICE_EVENTS, Place, Slice
from streams.recount.counting import Days
from streams.recount.rebuilding import in_parts, rebuild
from streams.windows import WindowRules

# Rows are told of at most so often (seconds): each is a part of a table.
_TOLD_EVERY: Final = 1.0


class Originals(Protocol):
    """What is known of events beyond their rows."""

    def of(self, row: Row) -> Original | None:
        """None where the event is not kept any more."""
        ...


class NoOriginals:
    """Rows are all there is."""

    def of(self, row: Row) -> Original | None:
        """Nothing."""
        return None


class Means(NamedTuple):
    """What a run works with. `ask_for` sends requests for escalations, and is called with those of each slice before
    the slice counts as done. `stopped` is asked between two slices; `show` is told of the run now and then.
    """

    client: Client
    executor: Executor
    processes: int
    model: Model
    rules: WindowRules
    now: Callable[[], datetime]
    stopped: Callable[[], bool] = lambda: False
    show: Callable[[Run], None] = lambda run: None
    originals: Originals = NoOriginals()
    ask_for: Callable[[Run, Sequence[Wanted]], None] | None = None
    slice_events: int = SLICE_EVENTS


class _Reached(msgspec.Struct, frozen=True, omit_defaults=True):
    """`tenant` and `ticket_id` are the last ones whose rows are stored; `day` (Unix seconds) the last one whose windows
    are.
    """

    tenant: str | None = None
    ticket_id: str = ""
    day: int | None = None


def start(asked: Asked, means: Means, program: str) -> Run:
    """A new run of what was asked for, stored and not begun. The tickets that it is of are settled with this."""
    began = means.now()
    found = selecting.resolved(means.client, asked, began)
    run = runs.begin(means.client, encode(found), found.tenant, program, began)
    size = selecting.size_of(means.client, found, began)
    run = moved(run, means.now(), tickets=size.tickets, events=size.events)
    runs.store(means.client, run)
    return run


def go_on(run: Run, means: Means) -> Run:
    """Do what is left of a run; returns how it stands then: done, or stopped. What fails is stored in the run and
    raised.
    """
    run = moved(run, means.now(), state="running", error="", ended_at=None)
    runs.store(means.client, run)
    latest = run
    try:
        for latest in _steps(run, means):
            means.show(latest)
        return _ended(latest, means)
    except BaseException as error:
        why = str(error).strip().split("\n", 1)[0] or type(error).__name__
        runs.store(means.client, moved(latest, means.now(), state="failed", error=why[:500], ended_at=means.now()))
        raise


def _steps(run: Run, means: Means) -> Iterator[Run]:
    latest = run
    reached = _reached(run)
    if reached.day is None:
        for latest in _score(run, reached, means):
            yield latest
    if not means.stopped():
        yield from _recount(latest, means)


def _ended(run: Run, means: Means) -> Run:
    state: runs.State = "stopped" if means.stopped() else "done"
    run = moved(run, means.now(), state=state, ended_at=means.now())
    runs.store(means.client, run)
    means.show(run)
    return run


# -- rows


def _score(run: Run, reached: _Reached, means: Means) -> Iterator[Run]:
    """Store new rows, slice by slice in their order; yields the run after each."""
    asked = decode(run.asked)
    after = Place(reached.tenant, reached.ticket_id) if reached.tenant is not None else None
    shape = shape_of(means.client, "scored_events", list(TABLES["scored_events"].columns([])))
    waiting: deque[tuple[Slice, Future[Done]]] = deque()
    by: Counter[str] = Counter()
    told = means.now()
    yield run
    try:
        for one in selecting.slices(means.client, asked, run.started_at, after, means.slice_events):
            if means.stopped():
                break
            task = _task(one, run, asked, shape, means)
            waiting.append((one, means.executor.submit(work, means.model, task)))
            if len(waiting) > 2 * means.processes:
                run = _stored(run, *_first(waiting), shape, by, means)
                told = _keep(run, told, means)
                yield run
        while waiting:
            run = _stored(run, *_first(waiting), shape, by, means)
            told = _keep(run, told, means)
            yield run
    finally:
        for _, future in waiting:
            future.cancel()
    runs.store(means.client, run)


def _task(one: Slice, run: Run, asked: Asked, shape: Shape, means: Means) -> Task:
    lines = selecting.rows_of(means.client, one)
    known: Mapping[int, Original] = {}
    if not isinstance(means.originals, NoOriginals):
        found = enumerate(map(means.originals.of, read_rows(lines)))
        known = {place: original for place, original in found if original is not None}
    return Task(lines, known, run.epoch, shape, asked.escalate)


def _first(waiting: deque[tuple[Slice, Future[Done]]]) -> tuple[Slice, Done]:
    one, future = waiting[0]
    done = future.result()
    waiting.popleft()
    return one, done


def _stored(run: Run, one: Slice, done: Done, shape: Shape, by: Counter[str], means: Means) -> Run:
    insert(means.client, shape, done.body)
    wanted = _not_escalated(done.wanted, means.client)
    if wanted and means.ask_for is not None:
        means.ask_for(run, wanted)
    by.update(done.scorers)
    return moved(
        run,
        means.now(),
        scorer=by.most_common(1)[0][0] if by else run.scorer,
        done=run.done + done.events,
        relabelled=run.relabelled + done.relabelled,
        unscored=run.unscored + done.unscored,
        escalations=run.escalations + len(wanted),
        reached=_encoded(_Reached(one.last.tenant, one.last.ticket_id)),
    )


def _not_escalated(wanted: Sequence[Wanted], client: Client) -> list[Wanted]:
    """Those of tickets that have no escalation: of the others somebody has been told."""
    if not wanted:
        return []
    rows = client.query(
        "SELECT DISTINCT tenant, ticket_id FROM escalations_now WHERE ticket_id IN {ids:Array(String)}",
        parameters={"ids": [each.ticket_id for each in wanted]},
    ).result_rows
    known = {(tenant, ticket_id) for tenant, ticket_id in rows}
    return [each for each in wanted if (each.tenant, each.ticket_id) not in known]


def _keep(run: Run, told: datetime, means: Means) -> datetime:
    """Store it unless that was done a moment ago; returns when it was stored last."""
    if (run.updated_at - told).total_seconds() < _TOLD_EVERY:
        return told
    runs.store(means.client, run)
    return run.updated_at


# -- windows


def touched_days(client: Client, epoch: int, tenant: str | None, rules: WindowRules) -> dict[int, int]:
    """The days (Unix seconds of their begin) in which any event counts of a ticket that this epoch scored anew, and how
    many do. All of the ticket's: the time to a reply counts for the category of the first event.
    """
    ahead = rules.future_tolerance * 1000
    largest = rules.sizes[-1]
    of_tenant = "1" if tenant is None else "tenant = {tenant:String}"
    rows = client.query(
        f"""
        SELECT intDiv(
            least(toUnixTimestamp64Milli(occurred_at), toUnixTimestamp64Milli(appended_at) + {ahead}), {largest * 1000}
        ) * {largest} AS day, count()
        FROM scored_events WHERE {of_tenant} AND (tenant, ticket_id) IN
            (SELECT tenant, ticket_id FROM scored_events WHERE {of_tenant} AND model_epoch = {{epoch:UInt32}})
        GROUP BY day ORDER BY day""",  # noqa: S608
        parameters={"epoch": epoch, "tenant": tenant or ""},
    ).result_rows
    return {int(day): int(events) for day, events in rows}


def _recount(run: Run, means: Means) -> Iterator[Run]:
    """Store the windows that differ, day by day; yields the run after each."""
    after = _reached(run).day
    tenant = run.tenant or None
    days = touched_days(means.client, run.epoch, tenant, means.rules)
    left = list(in_parts({day: days[day] for day in days if after is None or day > after}, means.rules, tenant))
    rebuilt = rebuild(
        means.client,
        _while_not(means.stopped, left),
        means.rules,
        means.executor,
        means.processes,
        settled=settled_by(means.now(), means.rules),
    )
    told = means.now()
    for part, windows in zip(left, rebuilt, strict=False):
        day = part.end - means.rules.sizes[-1]
        run = moved(run, means.now(), windows=run.windows + windows, reached=_encoded(_Reached(day=day)))
        told = _keep(run, told, means)
        yield run


def settled_by(now: datetime, rules: WindowRules) -> int:
    """Unix seconds: windows that end by then are final, wherever the clock moves the watermark."""
    return int(now.timestamp()) - rules.allowed_lateness - rules.idle_after


def _while_not(stopped: Callable[[], bool], days: Sequence[Days]) -> Iterator[Days]:
    for each in days:
        if stopped():
            return
        yield each


def _reached(run: Run) -> _Reached:
    return msgspec.json.decode(run.reached, type=_Reached) if run.reached else _Reached()


def _encoded(reached: _Reached) -> str:
    return msgspec.json.encode(reached).decode()
