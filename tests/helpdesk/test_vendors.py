"""Each helpdesk as its documents describe it: what is written when, what a repetition adds, and the fallback."""

import re

import pytest
from msgspec.structs import replace

from schemas.notifications import Kind
from sinks.helpdesk.references import contact_mark, fallback_reference, note_mark, ticket_mark
from sinks.notify.base import NotDelivered, Receipt
from tests.helpdesk.desk import Fault
from tests.helpdesk.http_server import HANG_UP, Reply
from tests.helpdesk.vendors import VENDORS, ZENDESK, Vendor, anew, from_helpdesk, said_by, scene_of, told

every_vendor = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.system)


@every_vendor
async def test_a_ticket_that_is_there_gets_priority_flag_and_note(vendor: Vendor) -> None:
    async with scene_of(vendor) as (desk, provider):
        ticket = desk.add(vendor.known_id)
        ticket.flags = ["vip"]
        receipt = await provider.deliver(told(**from_helpdesk(vendor)))
    assert receipt == Receipt(vendor.known_id)
    assert desk.tickets.keys() == {vendor.known_id}
    assert (ticket.priority, ticket.flags) == (vendor.urgent, ["vip", "escalated"])
    (note,) = ticket.notes
    for wanted in (
        "Very negative: 0.87 of 10",
        "TKT-2026-0042",
        "Escalated by rule very_negative.",
        "Customer: I paid",
    ):
        assert wanted in note


@every_vendor
async def test_a_raised_escalation_changes_the_priority_and_adds_a_note(vendor: Vendor) -> None:
    async with scene_of(vendor) as (desk, provider):
        ticket = desk.add(vendor.known_id)
        await provider.deliver(told(**from_helpdesk(vendor), priority="high"))
        assert ticket.priority == vendor.high
        await provider.deliver(told("raised", **from_helpdesk(vendor)))
    assert (ticket.priority, ticket.flags) == (vendor.urgent, ["escalated"])
    assert len(ticket.notes) == 2
    assert "Raised to urgent" in ticket.notes[-1]
    assert "Has waited for 1 h." in ticket.notes[-1]


@every_vendor
async def test_a_resolved_escalation_takes_the_flag_away_and_adds_a_note(vendor: Vendor) -> None:
    async with scene_of(vendor) as (desk, provider):
        ticket = desk.add(vendor.known_id)
        ticket.flags = ["vip"]
        await provider.deliver(told(**from_helpdesk(vendor)))
        await provider.deliver(told("resolved", **from_helpdesk(vendor)))
    assert ticket.flags == ["vip"]
    assert len(ticket.notes) == 2
    assert "Refunded in full." in ticket.notes[-1]


@every_vendor
async def test_a_ticket_that_is_not_there_is_created_and_found_again(vendor: Vendor) -> None:
    async with scene_of(vendor) as (desk, _):
        receipts = [await anew(vendor, desk, told(kind)) for kind in ("escalation", "raised", "resolved")]
    ticket = desk.only
    assert receipts == [Receipt(ticket.id)] * 3
    assert ticket.priority == vendor.urgent
    assert "escalated" not in ticket.flags
    assert sum("tn" in note for note in ticket.notes) == 3
    assert "Raised to urgent" in ticket.notes[-2]


@every_vendor
@pytest.mark.parametrize("email", [None, "", "no address", "a@b.example\r\nX: y"])
async def test_a_ticket_is_created_for_somebody_without_an_address(vendor: Vendor, email: str | None) -> None:
    async with scene_of(vendor) as (desk, _):
        first = await anew(vendor, desk, told(email=email, customer_id=None))
        second = await anew(vendor, desk, told("raised", email=email, customer_id=None))
    assert first == second == Receipt(desk.only.id)


@every_vendor
async def test_tickets_of_one_customer_are_told_apart(vendor: Vendor) -> None:
    async with scene_of(vendor) as (desk, _):
        ours = [told(ticket_id=f"t-{number}", escalation_id=f"e-{number}") for number in (1, 2)]
        first, second = [await anew(vendor, desk, notification) for notification in ours]
        assert first != second
        assert await anew(vendor, desk, told("raised", ticket_id="t-2", escalation_id="e-2")) == second
    assert len(desk.tickets) == 2


@every_vendor
@pytest.mark.parametrize("kind", ["escalation", "raised", "resolved"])
@pytest.mark.parametrize("is_there", [True, False])
async def test_a_repetition_changes_nothing(vendor: Vendor, kind: Kind, is_there: bool) -> None:
    async with scene_of(vendor) as (desk, _):
        where = from_helpdesk(vendor) if is_there else {}
        if is_there:
            desk.add(vendor.known_id)
        await anew(vendor, desk, told(**where))
        receipt = await anew(vendor, desk, told(kind, **where))
        ticket = desk.only
        before = (ticket.priority, list(ticket.flags), list(ticket.notes))
        assert await anew(vendor, desk, told(kind, **where)) == receipt
    assert (desk.only.priority, desk.only.flags, desk.only.notes) == before


@every_vendor
async def test_whatever_answer_is_lost_the_repetition_doubles_nothing(vendor: Vendor) -> None:
    """The same delivery again and again, each time with the answer to one more of its requests lost."""
    notification = told()
    async with scene_of(vendor) as (desk, provider):
        await provider.deliver(notification)
        steps = list(desk.asked)
    assert vendor.create in steps
    for place, step in enumerate(steps):
        async with scene_of(vendor) as (desk, provider):
            desk.faults = [Fault(step, HANG_UP, after=True, passes=steps[:place].count(step))]
            with pytest.raises(NotDelivered) as lost:
                await provider.deliver(notification)
            assert not lost.value.permanent
            receipt = await anew(vendor, desk, replace(notification, attempt=2))
        assert receipt == Receipt(desk.only.id)
        assert sum(note_mark(notification, said_by(notification)) in note for note in desk.only.notes) == 1
        assert desk.only.flags.count("escalated") == 1


@every_vendor
async def test_what_cannot_be_created_now_has_a_local_id_until_it_can(vendor: Vendor) -> None:
    notification = told()
    local = fallback_reference(notification)
    assert re.fullmatch("TKT-[0-9A-F]{8}", local)
    async with scene_of(vendor) as (desk, provider):
        desk.faults = [Fault(vendor.create, Reply(503))]
        with pytest.raises(NotDelivered) as failed:
            await provider.deliver(notification)
        assert (failed.value.reference, failed.value.permanent, desk.tickets) == (local, False, {})
        receipt = await provider.deliver(replace(notification, attempt=2, reference=local))
    ticket = desk.only
    assert receipt == Receipt(ticket.id)
    told_there = ticket.opening + "".join(ticket.notes)
    assert local in told_there
    assert ticket_mark(said_by(notification)) in told_there


@every_vendor
async def test_once_created_the_real_id_is_known_although_the_rest_fails(vendor: Vendor) -> None:
    notification = told()
    async with scene_of(vendor) as (desk, provider):
        desk.faults = [Fault(vendor.note, Reply(503))]
        with pytest.raises(NotDelivered) as failed:
            await provider.deliver(notification)
        assert failed.value.reference == desk.only.id
        receipt = await provider.deliver(replace(notification, attempt=2, reference=desk.only.id))
    assert receipt == Receipt(desk.only.id)


@every_vendor
async def test_a_reference_to_a_ticket_that_is_not_there_creates_one(vendor: Vendor) -> None:
    async with scene_of(vendor) as (desk, provider):
        receipt = await provider.deliver(told(**from_helpdesk(vendor)))
    assert receipt == Receipt(desk.only.id)
    assert desk.only.id != vendor.known_id
    assert "escalated" in desk.only.flags


@every_vendor
async def test_what_was_never_written_is_not_created_to_be_resolved(vendor: Vendor) -> None:
    async with scene_of(vendor) as (desk, provider):
        with pytest.raises(NotDelivered, match="no ticket of this escalation") as failed:
            await provider.deliver(told("resolved"))
    assert (failed.value.permanent, failed.value.reference, desk.tickets) == (True, None, {})


@every_vendor
async def test_a_digest_is_written_ticket_by_ticket(vendor: Vendor) -> None:
    first, second = (told(ticket_id=f"t-{number}", escalation_id=f"e-{number}") for number in (1, 2))
    async with scene_of(vendor) as (desk, provider):
        receipt = await provider.deliver(replace(first, notices=(*first.notices, *second.notices)))
    assert receipt == Receipt(",".join(desk.tickets))
    assert len(desk.tickets) == 2
    assert all("escalated" in ticket.flags for ticket in desk.tickets.values())


@every_vendor
async def test_every_request_of_the_mapping_is_in_the_contract_and_every_entry_is_asked_for(vendor: Vendor) -> None:
    async with scene_of(vendor) as (desk, provider):
        ticket = desk.add(vendor.known_id)
        for kind in ("escalation", "raised", "resolved"):
            await provider.deliver(told(kind, **from_helpdesk(vendor)))
            await anew(vendor, desk, told(kind))
        assert ticket.notes
    assert desk.contract.unasked == set()
    assert desk.contract.sources
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", desk.contract.read_on)


@every_vendor
async def test_a_search_that_lags_makes_no_second_ticket(vendor: Vendor) -> None:
    async with scene_of(vendor) as (desk, provider):
        desk.lags = True
        receipts = [await provider.deliver(told(kind)) for kind in ("escalation", "raised", "resolved")]
        assert receipts == [Receipt(desk.only.id)] * 3


# Zendesk answers for two hours as it has answered the same creation before.
@pytest.mark.parametrize(
    "vendor", [vendor for vendor in VENDORS if vendor is not ZENDESK], ids=lambda each: each.system
)
async def test_a_ticket_that_was_created_and_deleted_there_is_created_again(vendor: Vendor) -> None:
    async with scene_of(vendor) as (desk, provider):
        deleted = (await provider.deliver(told())).reference
        desk.tickets.clear()
        receipt = await provider.deliver(told("raised"))
    assert receipt == Receipt(desk.only.id)
    assert receipt.reference != deleted


async def test_in_chatwoot_a_conversation_is_of_the_contact_that_is_there() -> None:
    (chatwoot,) = (vendor for vendor in VENDORS if vendor.system == "chatwoot")
    async with scene_of(chatwoot) as (desk, provider):
        desk.contacts["customer@example.com"] = "900"
        await provider.deliver(told())
        assert desk.only.contact == "900"
        desk.contacts[contact_mark(said_by(told()))] = "901"
        await provider.deliver(told(ticket_id="t-2"))
        assert [ticket.contact for ticket in desk.tickets.values()] == ["900", "901"]
    assert "create contact" not in desk.asked


async def test_in_chatwoot_the_words_of_a_customer_come_although_they_failed_at_first() -> None:
    (chatwoot,) = (vendor for vendor in VENDORS if vendor.system == "chatwoot")
    async with scene_of(chatwoot) as (desk, provider):
        desk.faults = [Fault("create message", Reply(503))]
        with pytest.raises(NotDelivered):
            await provider.deliver(told())
        await provider.deliver(told())
    (words, note) = desk.only.notes
    assert "Give me my money back NOW!" in words
    assert ticket_mark(said_by(told())) in words
    assert note_mark(told(), said_by(told())) in note
