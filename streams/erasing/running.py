"""One erasure from the request to the receipt. Every step can be done again, so a run that was ended is begun again."""

import asyncio
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from clickhouse_connect.driver.binding import format_query_value as quoted

from schemas.erasures import Erasure, Step
from sinks.clickhouse.console import execute
from sinks.kafka_cluster import Brokers
from sinks.privacy import places
from sinks.privacy.places import Subject
from streams.audit import of_command
from streams.broker.erasing import RECEIPT, REQUEST, Counted, ErasureLog, counted, erasure_log, remaining
from streams.broker.lag import await_read
from streams.broker.letter_reader import reading
from streams.broker.letters import State
from streams.broker.redrive import ERASED, drop
from streams.broker.wanted import Wanted
from streams.erasing.asking import Asked, customer_ids, name_of, names_somebody, people_of, subject_of, tickets_of
from streams.erasing.stored import meant, rows
from streams.privacy.keys import Keys
from streams.privacy.suppressing import FOR_GOOD
from streams.topics import Topic

# Readers that were asked before the erasure write soon after it; then it is looked again.
_LOOKS: Final = 5
_LOOK_AGAIN_SECONDS: Final = 0.5


class Busy(Exception):
    """Something runs that would write the person's rows again. The message says what."""


class Means(NamedTuple):
    """What a run works with. `groups` are readers by what they read; each of them, and each stage, has `seconds`."""

    brokers: Brokers
    name: str
    clickhouse: str
    keys: Keys
    groups: Mapping[str, Sequence[str]]
    reports: Path
    topics: Sequence[Topic]
    seconds: float
    now: Callable[[], datetime]
    show: Callable[[str], None]


class Receipt(NamedTuple):
    """What was removed, and by when the last copies are gone from the topics."""

    erasure_id: str
    tenant: str
    subject: str
    until: datetime
    ended: datetime
    resumed: bool
    tickets: int
    removed: Counted
    gone_by: dict[str, datetime]


async def erase(asked: Asked, means: Means, note: str) -> Receipt:
    """Erase somebody. Raises NoAnswer, Overtaken, Busy, TimeoutError, QueryFailed, CannotOpen and KafkaError; what was
    done until then stays done, and whoever asks for the same person again goes on.
    """
    _require_quiet(asked.tenant, means.clickhouse)
    async with erasure_log(means.brokers, means.name) as log:
        named = name_of(asked, means.keys)
        begun = log.unfinished(asked.tenant, named)
        request = begun or await _request(asked, named, means, log)
        tickets = await _through_stages(asked, request, means, log)
        subject = subject_of(asked, means.keys, tickets)
        await asyncio.to_thread(_suppress, asked, request, tickets, means)
        await _drop_letters(subject, request, means, log)
        await _remove_files(subject, request, means, log)
        await _remove_rows(subject, named, request, means, log)
        removed = counted(log.answers(request.erasure_id), log.steps(request.erasure_id))
        ended = means.now()
        audit = of_command("privacy.erase", [named], note, ended, asked.tenant)
        await log.note(Step(erasure_id=request.erasure_id, name=RECEIPT, at=ended), audit)
        until = datetime.fromtimestamp(request.until / 1000, ended.tzinfo)
        return Receipt(
            *(request.erasure_id, asked.tenant, named, until, ended, begun is not None, len(tickets)),
            *(removed, remaining(ended, means.topics)),
        )


def known_tickets(asked: Asked, keys: Keys, url: str) -> set[str]:
    """The tickets of somebody: those that were asked for, and those that ClickHouse knows as the customer's."""
    names = customer_ids(asked, keys)
    found = rows(url, places.tickets_of(asked.tenant, names)) if names else []
    return {*asked.tickets, *(str(row["ticket_id"]) for row in found)}


async def _request(asked: Asked, named: str, means: Means, log: ErasureLog) -> Step:
    now = means.now()
    step = Step(
        erasure_id=str(uuid.uuid4()),
        name=REQUEST,
        at=now,
        tenant=asked.tenant,
        subject=named,
        until=round(now.timestamp() * 1000),
    )
    await log.note(step, of_command("privacy.erase.request", [named], "", now, asked.tenant))
    return step


async def _through_stages(asked: Asked, request: Step, means: Means, log: ErasureLog) -> set[str]:
    """Have the stages forget the person and all tickets; returns these. What was on its way at the first look may be of
    a ticket that nobody knew: then it is done again.
    """
    number = max((each.round for each in log.answers(request.erasure_id)), default=0)
    tickets = await asyncio.to_thread(known_tickets, asked, means.keys, means.clickhouse)
    while True:
        number += 1
        erasure = Erasure(
            erasure_id=request.erasure_id,
            tenant=asked.tenant,
            until=request.until,
            people=people_of(asked, means.keys),
            tickets=tickets_of(asked, means.keys, tickets),
            round=number,
        )
        await log.pass_on(erasure, means.show, means.seconds)
        await await_read(means.brokers, means.groups, means.show, means.seconds)
        found = await asyncio.to_thread(known_tickets, asked, means.keys, means.clickhouse)
        if found <= tickets:
            return tickets
        tickets |= found


def _require_quiet(tenant: str, url: str) -> None:
    running = f"SELECT id FROM reanalyses_now WHERE state = 'running' AND tenant IN ('', {quoted(tenant)})"
    if found := rows(url, running):
        raise Busy(f"the re-analysis {found[0]['id']} runs and could write rows again: let it end, or stop it, first")


def _suppress(asked: Asked, request: Step, tickets: Collection[str], means: Means) -> None:
    """Have the sink and imports leave the person out."""
    until = dict.fromkeys(people_of(asked, means.keys), request.until)
    until |= dict.fromkeys(tickets_of(asked, means.keys, tickets), FOR_GOOD)
    for some in places.parts(list(until.items())):
        values = ", ".join(f"({quoted(each)}, {last}, {quoted(request.erasure_id)})" for each, last in some)
        execute(means.clickhouse, f"INSERT INTO erased (hash, until, erasure_id) VALUES {values}")


async def _drop_letters(subject: Subject, request: Step, means: Means, log: ErasureLog) -> None:
    """Mark dead letters that name the person, so that nobody sends them again; their bytes go with their topic."""
    async with reading(means.brokers) as letters:
        found = await letters.find(Wanted())
        wanted = [
            (one.partition, one.offset)
            async for one in letters.read(found, [place.id for place in found.in_state(set(State))])
            if (one.mark is None or one.mark.note != ERASED) and names_somebody(one.letter, subject)
        ]
    if wanted:
        await log.note(_step(request, "dead letters", {"dead letters dropped": len(wanted)}, means))
        await drop(means.brokers, means.name, found, wanted, note=ERASED, again=True)


async def _remove_files(subject: Subject, request: Step, means: Means, log: ErasureLog) -> None:
    """Remove reports that name the person or a ticket; they can be made again."""
    needles = [each.encode() for each in subject.needles]
    files = sorted(
        each for each in means.reports.rglob("*") if each.is_file() and not each.name.startswith("schedule.")
    )
    named = {each.with_suffix("") for each in files if any(needle in each.read_bytes() for needle in needles)}
    # The same report in another format may be compressed.
    meant = [each for each in files if each.with_suffix("") in named]
    if meant:
        await log.note(_step(request, "reports", {"reports": len(meant)}, means))
        for each in meant:
            each.unlink(missing_ok=True)


async def _remove_rows(subject: Subject, alias: str, request: Step, means: Means, log: ErasureLog) -> None:
    for look in range(_LOOKS):
        if not await _remove_found(subject, alias, request, look, means, log):
            return
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    raise Busy("rows of the person are still being written to ClickHouse: find out by whom, then run this again")


async def _remove_found(subject: Subject, alias: str, request: Step, look: int, means: Means, log: ErasureLog) -> bool:
    """Remove what there is; whether there was anything."""
    was_there = False
    for number, statement in enumerate(places.removing(subject, alias)):
        count = await asyncio.to_thread(meant, means.clickhouse, statement)
        if not count:
            continue
        was_there = True
        means.show(f"removing {count} rows of {statement.table}")
        name = f"clickhouse {statement.table} {number}.{look}"
        await log.note(_step(request, name, {f"clickhouse {statement.table}": count}, means))
        await asyncio.to_thread(execute, means.clickhouse, statement.change)
    return was_there


def _step(request: Step, name: str, removed: dict[str, int], means: Means) -> Step:
    return Step(erasure_id=request.erasure_id, name=name, at=means.now(), removed=removed)
