"""Webhooks of helpdesks to events: whose words they are, what changes, and what is not taken."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import TicketEvent, event_from
from schemas.rejections import Rejected
from streams.sources.fields import Read, moment
from streams.sources.vendors import VENDORS
from tests.sources import payloads
from tests.sources.payloads import Json

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
NINE_45 = datetime(2026, 11, 22, 9, 45, 20, tzinfo=UTC)
STAFF = {"id": "77", "is_staff": True, "name": "Bob"}
COMMENT: Json = payloads.zendesk()["event"]["comment"]


def events_of(vendor: str, payload: Json, tenant: str = "default") -> list[TicketEvent]:
    found = VENDORS[vendor].read(payload, tenant)
    assert isinstance(found, Read), found
    events = [event_from(fields, NOW) for fields in found.events]
    assert all(isinstance(each, TicketEvent) for each in events), events
    assert bool(events) == (found.passed_over is None)
    return [each for each in events if isinstance(each, TicketEvent)]


def event_of(vendor: str, payload: Json) -> TicketEvent:
    (event,) = events_of(vendor, payload)
    return event


def zendesk_comment(**changed: Any) -> Json:
    return payloads.zendesk("comment_added", {"comment": COMMENT | changed})


CUSTOMERS = [
    ("zendesk", payloads.zendesk(), "zendesk-5158", "It is still broken.", "email"),
    ("freshdesk", payloads.freshdesk(), "freshdesk-4711", "Still nothing.", "email"),
    ("jira", payloads.jira(), "jira-SP-10", "It is still broken.", "web"),
    ("chatwoot", payloads.chatwoot(), "chatwoot-101", "Hello, my order is late.", "chat"),
]


@pytest.mark.parametrize(("vendor", "payload", "ticket", "text", "channel"), CUSTOMERS, ids=lambda each: str(each)[:9])
def test_a_customers_words(vendor: str, payload: Json, ticket: str, text: str, channel: str) -> None:
    event = event_of(vendor, payload)
    assert (event.type, event.author) == ("message", None)
    assert (event.ticket_id, event.text, event.channel) == (ticket, text, channel)
    assert (event.source_type, event.source_reference_id) == (vendor, ticket.removeprefix(f"{vendor}-"))
    assert event.priority == ("urgent" if vendor == "chatwoot" else "high")
    assert event.customer_id
    assert event.metadata["from_name"] == "Ann Lee"
    assert event.occurred_at.replace(microsecond=0) == (NOW if vendor == "freshdesk" else NINE_45)


AGENTS = [
    ("zendesk", zendesk_comment(author=STAFF), "77"),
    ("freshdesk", payloads.freshdesk(event_performer_email="bob@shop.example"), "bob@shop.example"),
    (
        "freshdesk",
        payloads.freshdesk("{reply_sent:true}", event_performer_email="bob@shop.example"),
        "bob@shop.example",
    ),
    ("jira", payloads.jira(comment={"author": {"accountId": "agent-7", "accountType": "atlassian"}}), "agent-7"),
    ("chatwoot", payloads.chatwoot(message_type="outgoing", sender={"id": 7, "type": "user"}), "7"),
    ("chatwoot", payloads.chatwoot(message_type=1, sender={"id": 7, "type": "user"}), "7"),
]


@pytest.mark.parametrize(("vendor", "payload", "agent"), AGENTS)
def test_an_agents_answer(vendor: str, payload: Json, agent: str) -> None:
    event = event_of(vendor, payload)
    assert (event.type, event.author, event.agent_id) == ("agent_reply", "agent", agent)


@pytest.mark.parametrize(
    ("vendor", "payload"),
    [
        ("jira", payloads.jira(comment={"author": {"accountId": "app", "accountType": "app"}})),
        ("chatwoot", payloads.chatwoot(message_type="outgoing", sender={"id": 2, "type": "agent_bot"})),
        ("chatwoot", payloads.chatwoot(message_type="template", sender={})),
    ],
)
def test_a_bots_words(vendor: str, payload: Json) -> None:
    event = event_of(vendor, payload)
    assert (event.type, event.author) == ("message", "bot")


INTERNAL = [
    ("zendesk", zendesk_comment(is_public=False, author=STAFF)),
    ("zendesk", zendesk_comment(is_public=None)),
    ("freshdesk", payloads.freshdesk("{note_type:private}")),
    ("jira", payloads.jira(comment={"jsdPublic": False})),
    ("jira", payloads.jira(comment={"visibility": {"type": "role", "value": "Team"}})),
    ("chatwoot", payloads.chatwoot(private=True, message_type="outgoing", sender={"id": 7, "type": "user"})),
]


@pytest.mark.parametrize(("vendor", "payload"), INTERNAL)
def test_internal_notes_are_nobodys_words(vendor: str, payload: Json) -> None:
    assert events_of(vendor, payload) == []


def test_an_internal_article_tells_only_the_status() -> None:
    (event,) = events_of("zammad", payloads.zammad({"internal": True, "sender": "Agent"}))
    assert event.type == "status_changed"


CHANGES = [
    ("zendesk", payloads.zendesk("status_changed", {"current": "SOLVED", "previous": "OPEN"}), "resolved"),
    ("zendesk", payloads.zendesk("status_changed", {"current": "PENDING", "previous": "OPEN"}), "awaiting_customer"),
    ("freshdesk", payloads.freshdesk("{status:{from:2,to:4}}", ticket_status="Resolved"), "resolved"),
    ("freshdesk", payloads.freshdesk("{status:{from:Open,to:5}}", ticket_status=5), "closed"),
    ("chatwoot", payloads.chatwoot_status("resolved"), "resolved"),
    ("chatwoot", payloads.chatwoot_status("snoozed"), "awaiting_customer"),
]


@pytest.mark.parametrize(("vendor", "payload", "status"), CHANGES)
def test_a_change_of_status(vendor: str, payload: Json, status: str) -> None:
    event = event_of(vendor, payload)
    assert (event.type, event.status, event.text) == ("status_changed", status, None)


@pytest.mark.parametrize(
    ("name", "category", "status"),
    [
        ("Waiting for customer", "indeterminate", "awaiting_customer"),
        ("Ours", "done", "resolved"),
        ("X", "new", "open"),
    ],
)
def test_a_change_of_an_issues_status(name: str, category: str, status: str) -> None:
    payload = payloads.jira("jira:issue_updated", changelog={"id": "10124", "items": [{"field": "status"}]})
    payload["issue"]["fields"]["status"] = {"name": name, "statusCategory": {"key": category}}
    event = event_of("jira", payload)
    assert (event.type, event.status) == ("status_changed", status)


def test_another_change_of_an_issue_is_passed_over() -> None:
    payload = payloads.jira("jira:issue_updated", changelog={"id": "10124", "items": [{"field": "labels"}]})
    assert events_of("jira", payload) == []


def test_new_tickets() -> None:
    zendesk = event_of("zendesk", payloads.zendesk("created", {}))
    freshdesk = event_of("freshdesk", payloads.freshdesk("{ticket_action:created}"))
    jira = event_of("jira", payloads.jira("jira:issue_created"))
    assert {each.type for each in (zendesk, freshdesk, jira)} == {"created"}
    assert [each.author for each in (zendesk, freshdesk, jira)] == [None, None, None]
    assert (zendesk.subject, zendesk.text, zendesk.status) == ("Cannot log in", "I cannot log in to the app.", "open")
    assert (freshdesk.subject, freshdesk.text) == ("Late parcel", "My parcel is late.\nPlease help.")
    assert (jira.subject, jira.text, jira.status) == ("Cannot log in", "I cannot log in to the app.", "open")


def test_a_ticket_that_an_agent_opens_is_the_agents_words() -> None:
    jira = payloads.jira("jira:issue_created")
    jira["issue"]["fields"]["creator"] = {"accountId": "agent-7"}
    assert event_of("jira", jira).author == "agent"
    assert event_of("zendesk", payloads.zendesk("created", {}, submitter_id="77")).author == "agent"
    by_agent = payloads.freshdesk("{ticket_action:created}", event_performer_email="bob@shop.example")
    assert event_of("freshdesk", by_agent).author == "agent"


def test_a_note_that_opens_a_ticket_is_not_told() -> None:
    payload = payloads.zendesk("created", {}, submitter_id="77", is_public=False)
    assert event_of("zendesk", payload).text is None


def test_a_description_that_is_told_again_as_a_comment_is_the_same_event() -> None:
    new = {"created_at": "2026-11-22T09:45:19Z"}
    created = event_of("zendesk", payloads.zendesk("created", {}, **new))
    comment = {"comment": COMMENT | {"body": "I cannot log in to the app."}}
    assert event_of("zendesk", payloads.zendesk("comment_added", comment, **new)).event_id == created.event_id
    # Said again days later it is said again.
    assert event_of("zendesk", payloads.zendesk("comment_added", comment)).event_id != created.event_id


def test_a_zammad_webhook_is_the_article_and_the_status() -> None:
    article, status = events_of("zammad", payloads.zammad())
    assert (article.type, article.author, article.channel) == ("message", None, "email")
    assert article.text == "It is still broken.\n\nEmily"
    assert (article.customer_id, article.email, article.priority) == ("8", "emily@example.com", "high")
    assert article.attachments == [{"name": "a.png", "size": "35574"}]
    assert article.metadata == {"message_id": "<m1@example.com>"}
    assert (status.type, status.status, status.agent_id) == ("status_changed", "open", "bob@shop.example")


def test_an_article_is_told_once_and_each_status_once() -> None:
    first = events_of("zammad", payloads.zammad())
    later = events_of("zammad", payloads.zammad(state="closed", updated_at="2026-11-22T10:00:00.000Z"))
    assert first[0].event_id == later[0].event_id
    assert first[1].event_id != later[1].event_id
    assert later[1].status == "closed"


@pytest.mark.parametrize(
    ("sender", "kind", "author"), [("Agent", "agent_reply", "agent"), ("System", "message", "system")]
)
def test_who_wrote_a_zammad_article(sender: str, kind: str, author: str) -> None:
    article = events_of("zammad", payloads.zammad({"sender": sender}))[0]
    assert (article.type, article.author) == (kind, author)


def test_a_first_zammad_article_opens_the_ticket() -> None:
    article = events_of("zammad", payloads.zammad(article_count=1))[0]
    assert (article.type, article.subject) == ("created", "Broken")


def test_a_jira_text_may_be_a_document() -> None:
    said = [{"type": "text", "text": "Still "}, {"type": "text", "text": "broken."}]
    body = {"type": "doc", "content": [{"type": "paragraph", "content": said}, {"type": "paragraph", "content": said}]}
    assert event_of("jira", payloads.jira(comment={"body": body})).text == "Still broken.\nStill broken."


EVERY = [
    *((vendor, payload) for vendor, payload, *_ in CUSTOMERS),
    *((vendor, payload) for vendor, payload, _ in AGENTS),
    *((vendor, payload) for vendor, payload, _ in CHANGES),
    ("zammad", payloads.zammad()),
]


@pytest.mark.parametrize(("vendor", "payload"), EVERY)
def test_a_webhook_that_is_sent_again_is_the_same_events(vendor: str, payload: Json) -> None:
    first = [each.event_id for each in events_of(vendor, payload)]
    assert first == [each.event_id for each in events_of(vendor, dict(reversed(payload.items())))]
    assert not set(first) & {each.event_id for each in events_of(vendor, payload, "acme")}
    assert {each.tenant for each in events_of(vendor, payload, "acme")} == {"acme"}


@pytest.mark.parametrize(
    ("vendor", "payload", "field"),
    [
        ("zendesk", {}, "type"),
        ("zendesk", {"type": "zen:event-type:ticket.created"}, "detail.id"),
        ("zendesk", payloads.zendesk("comment_added", {}), "event.comment.id"),
        ("freshdesk", {}, "freshdesk_webhook.ticket_id"),
        ("freshdesk", payloads.freshdesk(""), "freshdesk_webhook.triggered_event"),
        ("freshdesk", payloads.freshdesk(event_performer_email=""), "freshdesk_webhook.event_performer_email"),
        ("jira", {}, "issue.key"),
        ("jira", payloads.jira(""), "webhookEvent"),
        ("chatwoot", {}, "event"),
        ("chatwoot", payloads.chatwoot(conversation={}), "conversation.id"),
        ("zammad", {}, "ticket.id"),
    ],
)
def test_what_is_missing_is_named(vendor: str, payload: Json, field: str) -> None:
    found = VENDORS[vendor].read(payload, "default")
    assert isinstance(found, Rejected)
    assert found.field == field


@pytest.mark.parametrize(
    ("vendor", "payload"),
    [
        ("zendesk", payloads.zendesk("tags_changed", {})),
        ("freshdesk", payloads.freshdesk("{priority:{from:1,to:4}}")),
        ("jira", payloads.jira("jira:issue_deleted")),
        ("chatwoot", payloads.chatwoot(event="conversation_created")),
        ("chatwoot", payloads.chatwoot(message_type="activity")),
        ("zammad", payloads.zammad({"internal": True}, state="custom")),
    ],
)
def test_what_is_not_for_us_is_passed_over(vendor: str, payload: Json) -> None:
    assert events_of(vendor, payload) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(("vendor", "payload"), EVERY[:4] + EVERY[-1:])
@given(data=st.data())
def test_whatever_stands_in_a_field_nothing_breaks(vendor: str, payload: Json, data: st.DataObject) -> None:
    changed = _with_another(payload, data)
    found = VENDORS[vendor].read(changed, "default")
    if isinstance(found, Read):
        assert all(isinstance(event_from(each, NOW), TicketEvent | Rejected) for each in found.events)


def _with_another(payload: Json, data: st.DataObject) -> Json:
    """The payload with one value on any level replaced."""
    name = data.draw(st.sampled_from(sorted(payload)))
    inner = payload[name]
    if isinstance(inner, dict) and inner and data.draw(st.booleans()):
        return payload | {name: _with_another(inner, data)}
    return payload | {name: data.draw(JSON)}


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-22T09:45:20Z",
        "2026-11-22T10:45:20.000+0100",
        "2026-11-22 09:45:20 UTC",
        "2026-11-22 09:45:20 +0000",
        1795340720,
        1795340720000,
        "1795340720",
    ],
)
def test_times_are_read_as_vendors_write_them(written: object) -> None:
    read = moment(written)
    assert read is not None
    assert datetime.fromisoformat(read) == NINE_45


@pytest.mark.parametrize("written", [None, True, "", "yesterday", "²", [], float("inf"), 10**30, "9" * 40])
def test_what_is_no_time_is_none(written: object) -> None:
    assert moment(written) is None
