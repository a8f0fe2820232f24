"""What right each address needs: one table, for the gateway and the page.

An address that has no entry is an administrator's alone, so one that was forgotten is closed. A path is compared as the
routers compare it: byte for byte after percent-decoding, without any folding of case, dots or slashes. So there is no
spelling that the table takes for one address and a router for another.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from sinks.access.principals import Right

UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Rule(NamedTuple):
    """`path` is a whole one, or ends in `*` for all that begin so. Without a `right` nothing is asked for; `signed_in`
    wants a token, whatever its rights. What has an `action` is audited under that name.
    """

    method: str
    path: str
    right: Right | None
    action: str = ""
    signed_in: bool = False


_INGEST, _READ, _ACT, _ADMIN = Right.INGEST, Right.READ, Right.ACT, Right.ADMIN

RULES: Final = (
    # Whether a process lives and what it measures is asked by machines that have no token; the page's own files show
    # nothing; the documents of the API are what is written in the repository.
    Rule("GET", "/healthz", None),
    Rule("GET", "/readyz", None),
    Rule("GET", "/metrics", None),
    Rule("GET", "/api/v1/openapi.json", None),
    Rule("GET", "/", None),
    Rule("GET", "/favicon.ico", None),
    Rule("GET", "/static/*", None),
    # Signed by whoever sends, in a way of its own.
    Rule("POST", "/api/v1/webhooks/*", None),
    Rule("POST", "/api/support/escalate", None),
    Rule("POST", "/api/v1/session", None, "session.open"),
    Rule("DELETE", "/api/v1/session", None, "session.close"),
    Rule("GET", "/api/v1/session", None, signed_in=True),
    Rule("POST", "/api/v1/events", _INGEST),
    Rule("POST", "/api/incidents", _INGEST),
    Rule("POST", "/api/chat/messages", _INGEST),
    Rule("GET", "/api/v1/live", _READ),
    Rule("GET", "/api/v1/stream", _READ),
    Rule("GET", "/api/v1/alerts", _READ),
    Rule("GET", "/api/v1/trends", _READ),
    Rule("GET", "/api/v1/topics", _READ),
    Rule("GET", "/api/v1/notifications", _READ),
    Rule("GET", "/api/v1/conversations/*", _READ),
    Rule("GET", "/api/v1/corrections", _READ),
    Rule("GET", "/api/v1/analytics/*", _READ),
    Rule("GET", "/api/v1/stats", _READ),
    Rule("GET", "/api/stats", _READ),
    Rule("GET", "/api/v1/tickets", _READ),
    Rule("GET", "/api/v1/tickets/*", _READ),
    Rule("GET", "/api/v1/suggestions/stats", _READ),
    Rule("GET", "/api/v1/predictions", _READ),
    Rule("GET", "/api/v1/assignments", _READ),
    Rule("GET", "/api/v1/escalations", _READ),
    Rule("GET", "/api/v1/escalations/*", _READ),
    Rule("GET", "/api/v1/report", _READ),
    Rule("GET", "/api/v1/report/*", _READ),
    Rule("GET", "/api/v1/experiments", _READ),
    Rule("GET", "/api/v1/experiments/*", _READ),
    Rule("GET", "/helpdesk/sentiment/analytics/", _READ),
    Rule("GET", "/helpdesk/sentiment/analytics", _READ),
    Rule("POST", "/api/v1/corrections", _ACT, "correction.post"),
    # The one thing that is posted of a ticket.
    Rule("POST", "/api/v1/tickets/*", _ACT, "suggestion.used"),
    Rule("GET", "/api/v1/tokens", _ADMIN, "token.list"),
    Rule("GET", "/api/v1/audit", _ADMIN, "audit.read"),
    # How far a run is, is looked at every second: that is no deed.
    Rule("GET", "/api/v1/reanalysis", _ADMIN),
    Rule("GET", "/api/v1/reanalysis/*", _ADMIN),
    Rule("POST", "/api/v1/reanalysis", _ADMIN, "reanalysis.start"),
    Rule("POST", "/api/v1/reanalysis/*", _ADMIN, "reanalysis.change"),
    Rule("DELETE", "/api/v1/reanalysis", _ADMIN, "reanalysis.stop"),
    Rule("DELETE", "/api/v1/reanalysis/*", _ADMIN, "reanalysis.stop"),
    Rule("POST", "/helpdesk/sentiment/reanalyze/", _ADMIN, "reanalysis.start"),
    Rule("POST", "/helpdesk/sentiment/reanalyze", _ADMIN, "reanalysis.start"),
)

_WHOLE: Final[Mapping[tuple[str, str], Rule]] = {
    (rule.method, rule.path): rule for rule in RULES if not rule.path.endswith("*")
}
# The longest first: it says most.
_BEGINNINGS: Final = tuple(
    sorted((rule for rule in RULES if rule.path.endswith("*")), key=lambda rule: len(rule.path), reverse=True)
)


def rule_of(method: str, path: str) -> Rule | None:
    """The entry of an address; None where there is none. HEAD is what GET is."""
    method = "GET" if method == "HEAD" else method
    whole = _WHOLE.get((method, path))
    if whole is not None:
        return whole
    return next(
        (rule for rule in _BEGINNINGS if rule.method == method and path.startswith(rule.path.removesuffix("*"))), None
    )
