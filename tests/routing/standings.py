"""Standings as `track` tells them, and what the stage says to them."""

from collections.abc import Iterable
from typing import Any

from schemas.assignments import Assignment, decode_assignment
from schemas.routing import Standing, encode_standing, standing_key
from streams import topics
from streams.engine.log import Outgoing
from streams.routing.roster import Roster
from streams.routing.rules import Routing, RoutingRule
from tests.unit.records import NINE, Appended

MINUTE = 60_000
AGENTS = (
    {"name": "ann", "queues": ["billing", "general"], "categories": ["billing"], "capacity": 2, "ids": ["77"]},
    {"name": "bob", "queues": ["billing", "general"], "capacity": 1},
    {"name": "cleo", "queues": ["general"], "languages": ["de"], "capacity": 1},
)


def roster(agents: Iterable[dict[str, Any]] = AGENTS) -> Roster:
    """Two queues and some agents who are always there."""
    queues = ({"name": "billing", "categories": ["billing"]}, {"name": "general"})
    return Roster.model_validate({"fallback": "general", "queues": queues, "agents": list(agents)})


def routes(of: Roster | None = None, tenant: str = "shop", **rule: Any) -> dict[str, Routing]:
    """One tenant's rule and roster."""
    return {tenant: Routing(RoutingRule(tenant=tenant, roster="rosters/shop.toml", **rule), of or roster())}


def standing(ticket: str = "T-1", at: int = NINE, **changes: Any) -> Standing:
    """A ticket that somebody of the shop has to do something for."""
    told: dict[str, Any] = {
        "tenant": "shop",
        "ticket_id": ticket,
        "session": "aa",
        "work": "due",
        "since": at,
        "at": at,
    }
    return Standing(**{**told, "category": "billing", "language": "en", **changes})


def appended(told: Standing, at: int | None = None, offset: int = 0) -> Appended:
    """As a record of the topic that the stage reads."""
    return Appended(offset, told.at if at is None else at, standing_key(told), encode_standing(told))


def assignments(sent: Iterable[Outgoing]) -> list[Assignment]:
    """What was published."""
    return [decode_assignment(each.value or b"") for each in sent if each.topic == topics.ASSIGNMENTS]


def given(sent: Iterable[Outgoing]) -> dict[str, str]:
    """The agents of the tickets that somebody got."""
    return {each.ticket_id: each.agent for each in assignments(sent) if each.state == "assigned"}
