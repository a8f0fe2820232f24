"""Rows of the exports that teams have, as events."""

import json
from pathlib import Path
from typing import Any

import pytest

from streams.importing.files import open_table
from streams.importing.making import Maker
from streams.importing.mapping import BadMapping, as_toml, check_columns, made, read_mapping
from streams.importing.spooling import Rejects, spool
from tests.importing.tables import events_of, guessed, read, written

FRESHDESK = """Ticket ID,Subject,Status,Priority,Source,Agent,Created time,Initial response time,Resolved time,\
Last update time,Email,Survey results,Description
7,Refund,Closed,Urgent,Portal,Ann,2026-01-02 10:00,2026-01-02 11:00,2026-01-03 10:00,2026-01-04 10:00,Bo@Example.org,\
Extremely Happy,<p>Charged <b>twice</b></p>
"""
JIRA = """Issue key,Summary,Status,Priority,Reporter,Assignee,Created,Resolved,Description,Comment,Comment
HELP-1,Broken,Done,Highest,u1,a1,31/Jan/26 2:05 PM,01/Feb/26 9:00 AM,It is broken.,\
31/Jan/26 3:05 PM;a1;We look into it.,plain words
"""
ZENDESK = {
    "id": 12,
    "subject": "Login",
    "description": "I cannot log in.",
    "status": "solved",
    "priority": "normal",
    "requester_id": 5,
    "submitter_id": 5,
    "assignee_id": 9,
    "via": {"channel": "whatsapp"},
    "created_at": "2026-01-02T10:00:00Z",
    "updated_at": "2026-01-03T10:00:00Z",
    "comments": [
        {"id": 1, "body": "I cannot log in.", "created_at": "2026-01-02T10:00:00Z"},
        {"id": 2, "body": "Try again.", "author": "agent", "author_id": 9, "created_at": "2026-01-02T11:00:00Z"},
        {"id": 3, "body": "a note", "public": False, "created_at": "2026-01-02T11:30:00Z"},
        {"id": 4, "body": "Still no.", "created_at": "2026-01-02T12:00:00Z"},
    ],
}
MESSAGES = """conversation_id,message_id,sender,timestamp,body
c1,m1,customer,2026-01-02T10:00:00Z,Where is it?
c1,m2,agent,2026-01-02T10:05:00Z,On its way.
c1,m3,customer,2026-01-02T10:09:00Z,Thank you!
c2,m4,bot,2026-01-02T10:10:00Z,Hello.
"""


def told(events: Any) -> list[tuple[str, str, str | None]]:
    return [(event.type, f"{event.occurred_at:%m-%d %H:%M}", event.text or event.status) for event in events]


def test_freshdesk(tmp_path: Path) -> None:
    events = events_of(written(tmp_path, FRESHDESK))
    assert told(events) == [
        ("created", "01-02 10:00", "Charged twice"),
        ("agent_reply", "01-02 11:00", None),
        ("status_changed", "01-03 10:00", "resolved"),
        ("rated", "01-03 10:00", None),
    ]
    first, last = events[0], events[-1]
    assert (first.ticket_id, first.priority, first.channel, first.status) == ("freshdesk-7", "urgent", "web", "open")
    assert (first.email, first.source_type, first.source_reference_id) == ("bo@example.org", "freshdesk", "7")
    assert (last.satisfaction, last.agent_id) == (5, "Ann")


def test_jira_with_its_comments_in_columns_of_one_name(tmp_path: Path) -> None:
    events = events_of(written(tmp_path, JIRA))
    assert told(events) == [
        ("created", "01-31 14:05", "It is broken."),
        ("message", "01-31 14:05", "plain words"),
        ("message", "01-31 15:05", "We look into it."),
        ("status_changed", "02-01 09:00", "resolved"),
    ]
    assert {event.ticket_id for event in events} == {"jira-HELP-1"}
    # Whose words a comment is, is not said.
    assert [event.author for event in events[1:3]] == ["system", "system"]


def test_zendesk_as_json_with_its_comments(tmp_path: Path) -> None:
    events = events_of(written(tmp_path, json.dumps(ZENDESK), "z.jsonl"))
    assert told(events) == [
        ("created", "01-02 10:00", "I cannot log in."),
        ("agent_reply", "01-02 11:00", "Try again."),
        ("message", "01-02 12:00", "Still no."),
        ("status_changed", "01-03 10:00", "resolved"),
    ]
    assert {(event.ticket_id, event.channel, event.priority) for event in events} == {
        ("zendesk-12", "whatsapp", "medium")
    }
    assert [event.agent_id for event in events[:2]] == [None, "9"]


def test_a_row_for_each_message(tmp_path: Path) -> None:
    path = written(tmp_path, MESSAGES)
    assert guessed(path).mapping.shape == "messages"
    events = events_of(path)
    assert [(event.event_id, event.ticket_id, event.type, event.author) for event in events] == [
        ("m1", "c1", "message", None),
        ("m2", "c1", "agent_reply", "agent"),
        ("m3", "c1", "message", None),
        ("m4", "c2", "message", "bot"),
    ]


def test_our_own_events_are_themselves(tmp_path: Path) -> None:
    line = {
        "event_id": "e",
        "ticket_id": "t",
        "type": "rated",
        "satisfaction": 4,
        "occurred_at": "2026-01-02T10:00:00Z",
    }
    [event] = events_of(written(tmp_path, json.dumps(line), "e.jsonl"))
    assert (event.event_id, event.ticket_id, event.type, event.satisfaction) == ("e", "t", "rated", 4)


def test_the_same_file_gives_the_same_ids_and_each_event_its_own(tmp_path: Path) -> None:
    for content in (FRESHDESK, JIRA, MESSAGES):
        path = written(tmp_path, content)
        ids = [event.event_id for event in events_of(path)]
        assert ids == [event.event_id for event in events_of(path)]
        assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1,soon,Help,me", "created_at: 'soon' is no time"),
        ("1,,Help,me", "created_at: no time"),
        (",2026-01-02,Help,me", "id: empty"),
        ("1,2026-01-02,,", "neither a subject nor a text"),
        ("1,2026-01-02,Help,me,too", "5 fields where"),
        (f"{'9' * 300},2026-01-02,Help,me", "ticket_id"),
        ("1,1871-01-02,Help,me", "outside 1970"),
    ],
)
def test_a_wrong_row_is_told_with_its_line_and_stops_no_other(tmp_path: Path, row: str, said: str) -> None:
    good = "2,2026-01-02,Help,me\n"
    events, wrong = read(written(tmp_path, f"id,created_at,subject,description\n{good}{row}\n3{good[1:]}"))
    assert [event.ticket_id for event in events] == ["2", "3"]
    [(line, reason)] = wrong
    assert line == 3
    assert said in reason


NEVER = "9999-12-31T23:59:59.9999999Z"


def test_a_time_that_means_never_is_none(tmp_path: Path) -> None:
    row = {"created_at": "2026-01-02", "subject": "Help", "status": "closed", "satisfaction": 5}
    rows = [{**row, "id": name, name: NEVER} for name in ("created_at", "first_response_at", "closed_at", "updated_at")]
    events, wrong = read(written(tmp_path, "\n".join(map(json.dumps, rows)), "t.jsonl"))
    assert wrong == [(1, f"created_at: '{NEVER}' means never")]
    assert [(event.ticket_id, event.type) for event in events] == [
        (each["id"], kind) for each in rows[1:] for kind in ("created", "rated")
    ]


def test_a_text_that_cannot_be_written_costs_its_row_only(tmp_path: Path) -> None:
    rows = [{"id": str(number), "created_at": "2026-01-02", "subject": text} for number, text in enumerate("a\ud800b")]
    path = written(tmp_path, "\n".join(map(json.dumps, rows)), "t.jsonl")
    table = open_table(path)
    maker = Maker(guessed(path).mapping, table.columns)
    rejects = Rejects(tmp_path / "rejects")
    assert spool(table, maker, tmp_path / "spooled", rejects, max_errors=None) == (3, 1, 2)
    assert json.loads(rejects.path.read_text())["line"] == 2


def test_formulas_templates_and_markup_are_words_like_others(tmp_path: Path) -> None:
    said = '=cmd|"/c calc"!A1 {{ ticket.secret }} ${HOME}'
    path = written(tmp_path, f'id,created_at,subject\n1,2026-01-02,"{said.replace(chr(34), chr(34) * 2)}"\n')
    [event] = events_of(path)
    assert event.subject == said


def test_words_that_are_not_known_are_left_out_and_counted_unless_they_are_mapped(tmp_path: Path) -> None:
    path = written(tmp_path, "id,created_at,subject,status\n1,2026-01-02,a,Limbo\n2,2026-01-02,b,Limbo\n")
    table = open_table(path)
    rows = list(table.rows())
    maker = Maker(guessed(path).mapping, table.columns)
    assert [maker.make(row).events[0].status for row in rows] == [None, None]
    assert maker.unknown == {("status", "Limbo"): 2}
    mapped = Maker(guessed(path, statuses={"Limbo": "awaiting_customer"}).mapping, table.columns)
    assert mapped.make(rows[0]).events[0].status == "awaiting_customer"


def test_a_mapping_is_kept_and_given_again(tmp_path: Path) -> None:
    mapping = guessed(written(tmp_path, JIRA), zone="Europe/Berlin", statuses={'odd "one"': "open"}).mapping
    kept = written(tmp_path, as_toml(mapping), "m.toml")
    assert read_mapping(kept) == mapping


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"columns": {"text": "a"}}, "--map ticket_id=COLUMN"),
        ({"columns": {"ticket_id": "a", "mood": "b"}}, "'mood' is no field; there are ticket_id"),
        ({"columns": {"ticket_id": "a"}, "zone": "Mars/Base"}, "'Mars/Base' is no time zone"),
        ({"columns": {"ticket_id": "a"}, "statuses": {"x": "y"}}, "statuses.x"),
    ],
)
def test_a_wrong_mapping_is_said(fields: dict[str, object], said: str) -> None:
    with pytest.raises(BadMapping, match=said):
        made(fields)


def test_a_column_that_is_not_there_is_said_with_those_that_are() -> None:
    with pytest.raises(BadMapping, match="no column 'c'; there are a, b"):
        check_columns(made({"columns": {"ticket_id": "a", "text": "c"}}), ["a", "b"])


def test_what_is_assumed_is_said(tmp_path: Path) -> None:
    notes = "\n".join(guessed(written(tmp_path, "id,created_at,subject\n1,01/02/2026,a\n")).notes)
    assert "taken for UTC (--zone)" in notes
    assert "read day-first: no row says otherwise (--dates)" in notes
