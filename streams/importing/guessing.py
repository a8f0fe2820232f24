"""A mapping guessed from the names of columns and some rows. Pure.

The names are those of the exports of Zendesk, Freshdesk, Jira and Intercom, and those that people give. A name counts
without its case and without what is no letter or digit; for each field the first that is there is taken.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from streams.importing.files import Row
from streams.importing.mapping import TIMES, Mapping, made
from streams.importing.times import Assumed, Order, Reading, assumed, read_time

# In the order of how sure they are.
NAMES: Final[dict[str, str]] = {
    "ticket_id": "ticketid ticketnumber issuekey conversationid caseid casenumber displayid ticketno ticket number "
    "key reference issueid threadid id",
    "event_id": "eventid messageid commentid conversationpartid partid",
    "occurred_at": "occurredat sentat messagetime messagecreatedat commentedat postedat timestamp eventtime datetime "
    "tweetcreatedat date time",
    "type": "eventtype messagetype type",
    "author": "authortype senderrole sendertype authorrole fromrole sender author direction speaker role",
    "created_at": "createdat createdtime creationdate datecreated created ticketcreated conversationcreatedat openedat "
    "opened opendate requestedat dateofpurchase submittedat reportedon createddate",
    "first_response_at": "firstresponseat initialresponsetime firstresponsetime firstrespondedat firstreplyat "
    "firstadminreplyat statisticsfirstadminreplyat firstresponsedate firstrepliedat",
    "resolved_at": "resolvedat resolvedtime solvedat datesolved resolved resolutiondate resolutiontime solved "
    "datetimesolved timeofresolution fieldsresolutiondate",
    "closed_at": "closedat closedtime dateclosed closed closeddate conversationclosedat",
    "updated_at": "updatedat lastupdatetime lastupdated updated modifiedat lastmodified dateupdated fieldsupdated",
    "subject": "subject title summary ticketsubject fieldssummary rawsubject sourcesubject shortdescription topic name",
    "text": "description text body message content ticketdescription fieldsdescription firstmessage sourcebody "
    "question details conversationinitialmessage plainbody descriptiontext comment customermessage complaint narrative",
    "comments": "comments conversations comment conversationparts conversationpartsconversationparts "
    "fieldscommentcomments notes thread messages worknotes",
    "replies": "reply replies agentreply answer response resolution latestreply agentresponse",
    "status": "status ticketstatus state fieldsstatusname conversationstate currentstatus",
    "priority": "priority ticketpriority fieldspriorityname urgency severity",
    "channel": "channel source viachannel via ticketchannel origin contactmethod medium ticketsource sourcetype",
    "agent_id": "agentid assigneeid agent assignee assignedto assigneename agentname responder owner agentemail "
    "adminassigneeid fieldsassigneename fieldsassigneedisplayname handledby admin",
    "customer_id": "customerid requesterid contactid requester customer userid reporter reporterid contact user "
    "fieldsreporteraccountid endusername fullname customername requestername authorid",
    "email": "email customeremail requesteremail contactemail useremail emailaddress fieldsreporteremailaddress",
    "phone": "phone customerphone requesterphone phonenumber mobile workphone",
    "satisfaction": "satisfaction satisfactionscore satisfactionrating csat rating satisfactionratingscore "
    "customersatisfactionrating surveyresult conversationrating conversationratingrating surveyresults score",
    "product": "product productpurchased productname fieldscomponentname component",
    "journey_stage": "journeystage customerjourneystage lifecyclestage",
    "language": "language locale lang",
    "tenant": "tenant tenantid workspace",
}
_SYSTEMS: Final[dict[str, tuple[frozenset[str], str]]] = {
    # What their exports have together and others do not.
    "freshdesk": (frozenset({"ticketid", "createdtime", "lastupdatetime"}), "freshdesk-"),
    "jira": (frozenset({"issuekey", "summary"}), "jira-"),
    "zendesk": (frozenset({"requesterid", "satisfactionratingscore"}), "zendesk-"),
    "zendesk, as listed": (frozenset({"id", "requester", "assignee", "group", "createdat"}), "zendesk-"),
    "zendesk, as JSON": (frozenset({"submitterid", "requesterid", "id"}), "zendesk-"),
    "intercom": (frozenset({"conversationid", "conversationcreatedat"}), "intercom-"),
}
# A row for each message has these, and few tickets for its rows.
_OF_MESSAGES: Final = ("occurred_at", "text")
_REPEATED: Final = 0.8


class Guess(NamedTuple):
    """A mapping and what it rests on, in words for people."""

    mapping: Mapping
    notes: Sequence[str]


def guess(columns: Sequence[str], sample: Sequence[Row], given: dict[str, Any]) -> Guess:
    """What the columns are. `given` are fields of the mapping that somebody has said, `columns` among them, which
    count. Raises BadMapping where no ticket id is found.
    """
    said: dict[str, str] = dict(given.get("columns", {}))
    plain = {_plain(name): name for name in reversed(columns)}
    system, prefix = _system(plain.keys())
    rows = [row for row in sample if row.wrong is None]
    found = _by_name(plain, said, rows)
    shape = given.get("shape") or _shape(found, rows)
    if shape == "messages":
        # What is said once a ticket stands in each of its rows: it is of no message.
        found = {name: column for name, column in found.items() if name not in ("first_response_at", "replies")}
        if "occurred_at" not in found and "created_at" in found:
            found["occurred_at"] = found.pop("created_at")
    else:
        found = {
            name: column for name, column in found.items() if name not in ("occurred_at", "event_id", "author", "type")
        }
    found |= said
    times = _assumed(found, rows)
    mapping = made(
        {
            "shape": shape,
            "system": system.partition(",")[0],
            "id_prefix": prefix,
            "dates": times.order or Order.DAY_FIRST,
            **{name: value for name, value in given.items() if name != "columns"},
            "columns": found,
        }
    )
    return Guess(mapping, list(_notes(mapping, system, times, given)))


def _by_name(plain: dict[str, str], said: dict[str, str], rows: Sequence[Row]) -> dict[str, str]:
    taken = set(said.values())
    found: dict[str, str] = {}
    for field, names in NAMES.items():
        if field in said:
            continue
        for name in names.split():
            column = plain.get(name)
            if column is not None and column not in taken and _may_hold(field, column, rows):
                found[field] = column
                taken.add(column)
                break
    return found


def _may_hold(field: str, column: str, rows: Sequence[Row]) -> bool:
    """Whether what stands there looks like it: a time where a time is wanted."""
    values = [row.values[column] for row in rows if column in row.values][:50]
    if field in TIMES and values:
        read = sum(read_time(value, Reading()) is not None for value in values)
        return read * 2 >= len(values)
    if field == "type" and values:
        return any(str(value) in _TYPES for value in values)
    if field == "satisfaction" and values and _plain(column) == "score":
        return all(str(value).strip()[:1] in "12345" for value in values)
    return True


_TYPES: Final = frozenset({"created", "message", "agent_reply", "status_changed", "rated", "escalation_requested"})


def _shape(found: dict[str, str], rows: Sequence[Row]) -> str:
    if "event_id" in found:
        return "messages"
    column = found.get("ticket_id", "")
    ids = [str(row.values[column]) for row in rows if column in row.values]
    if len(ids) > 1 and len(set(ids)) < _REPEATED * len(ids) and "text" in found:
        return "messages"
    has_created = "created_at" in found
    return "messages" if not has_created and all(name in found for name in _OF_MESSAGES) else "tickets"


def _system(names: Any) -> tuple[str, str]:
    for system, (signature, prefix) in _SYSTEMS.items():
        if signature <= set(names):
            return system, prefix
    return "", ""


def _assumed(found: dict[str, str], rows: Sequence[Row]) -> Assumed:
    columns = [found[name] for name in TIMES if name in found]
    return assumed(str(row.values[column]) for row in rows for column in columns if column in row.values)


def _notes(mapping: Mapping, system: str, times: Assumed, given: dict[str, Any]) -> Any:
    if system:
        yield f"it looks like an export of {system}: ticket ids get {mapping.id_prefix!r} before them, as from webhooks"
    if times.without_zone:
        yield f"times without an offset are taken for {mapping.zone} (--zone)"
    if times.ambiguous and "dates" not in given:
        yield f"dates as 01/02/2026 are read {mapping.dates.value}: no row says otherwise (--dates)"
    for name in ("occurred_at", "created_at"):
        if (name == "occurred_at") == (mapping.shape == "messages") and name not in mapping.columns:
            yield f"no column is {name}: rows without a time are rejected (--map {name}=COLUMN)"


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
