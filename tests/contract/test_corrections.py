"""Corrections and the audit as SQL tells them, after the sink has stored their records."""

import uuid
from datetime import timedelta

from clickhouse_connect.driver.client import Client

from schemas.corrections import correction_id
from schemas.events import LATEST
from sinks.access.admin_api import read_audit
from sinks.base import Message
from sinks.clickhouse.sink import ClickHouseSink
from sinks.corrections.reading import read_corrections, read_corrections_of, read_message
from sinks.dashboard.paging import place_of
from tests.contract.messages import NOON, audited, correction, scored

NEWEST = place_of(None, LATEST)


def corrected(offset: int, new: str, *, field: str = "label", event: str = "event-0", seconds: int = 0) -> Message:
    return correction(
        offset,
        correction_id=correction_id("default", "T-1", event, "label", new, "ann", f"{field}{offset}"),
        event_id=event,
        field=field,
        new=new,
        corrected_at=NOON + timedelta(seconds=seconds or offset),
    )


WAY = [
    corrected(0, "neutral"),
    corrected(1, "refund", field="category"),
    corrected(2, "positive"),
    # By a clock that is behind: what counts is when it was said, then the log.
    corrected(3, "very_negative", seconds=1),
    corrected(4, "neutral", event="event-1"),
]


async def test_of_each_field_of_a_message_the_newest_correction_stands(sink: ClickHouseSink, client: Client) -> None:
    # In blocks that overlap and are out of order, as after a crash; once more with a later time, as sent again.
    again = correction(9, correction_id=correction_id("default", "T-1", "event-0", "label", "neutral", "ann", "label0"))
    for some in (WAY[2:], WAY[:3], [scored(0), scored(1, subject="Re", text="Hm", category="billing")], [again]):
        assert await sink.write(some) == []
    standing = client.query("SELECT event_id, field, new FROM corrections_standing ORDER BY ALL").result_rows
    assert standing == [
        ("event-0", "category", "refund"),
        ("event-0", "label", "positive"),
        ("event-1", "label", "neutral"),
    ]
    told = read_corrections_of(client, "default", "T-1")
    assert {(each.event_id, each.field, each.new) for each in told if each.stands} == set(standing)
    assert len(told) == len(WAY)
    listed = read_corrections(client, "default", None, 10, NEWEST).corrections
    assert {each.correction_id for each in listed} == {each.correction_id for each in told}
    assert [each.corrected_at for each in listed] == sorted((each.corrected_at for each in told), reverse=True)
    assert read_corrections(client, "default", "T-2", 10, NEWEST).corrections == []
    learnt = client.query(
        "SELECT event_id, field, value, read_as, text FROM corrected_messages ORDER BY event_id, field"
    ).result_rows
    assert learnt == [
        ("event-0", "category", "refund", "billing", "The invoice is wrong."),
        ("event-0", "label", "positive", "negative", "The invoice is wrong."),
        ("event-1", "label", "neutral", "negative", "Hm"),
    ]


async def test_what_was_read_in_a_message(sink: ClickHouseSink, client: Client) -> None:
    silent = scored(2, type="rated", satisfaction=4, text=None, sentiment=None, unscored="no text")
    await sink.write([scored(0, scorer="support", model_epoch=3), silent])
    read = read_message(client, "default", "T-1", "event-0")
    assert read is not None
    assert read.values == {"label": "negative", "category": "billing"}
    assert (read.has_words, read.scorer, read.model_epoch) == (True, "support", 3)
    nothing = read_message(client, "default", "T-1", "event-2")
    assert nothing is not None
    assert (nothing.values["label"], nothing.has_words) == ("", False)
    assert read_message(client, "acme", "T-1", "event-0") is None


async def test_the_audit_is_read_by_tenant_and_action_page_by_page(sink: ClickHouseSink, client: Client) -> None:
    records = [
        audited(
            number,
            audit_id=str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{number}.test")),
            # Four of each time: the place is told by the id too, in whatever order the engine has of ids.
            at=NOON + timedelta(seconds=number // 4),
            tenant="acme" if number % 3 else "",
            action="token.list" if number % 2 else "correction.post",
        )
        for number in range(12)
    ]
    await sink.write(records)
    await sink.write(records[2:5])
    everything = read_audit("", "", 100, NEWEST, client).entries
    assert len({each.audit_id for each in everything}) == len(everything) == 12
    assert [each.at for each in everything] == sorted((each.at for each in everything), reverse=True)
    pages, place = [], NEWEST
    while True:
        page = read_audit("", "", 5, place, client)
        pages.append(page.entries)
        if page.next is None:
            break
        place = place_of(page.next, LATEST)
    assert [len(page) for page in pages] == [5, 5, 2]
    assert [each for page in pages for each in page] == everything
    assert len(read_audit("acme", "", 100, NEWEST, client).entries) == 8
    assert {each.action for each in read_audit("acme", "token.list", 100, NEWEST, client).entries} == {"token.list"}
