"""Chats, pagers and phones, by apprise: what it says is cut to what a service takes, and calls nobody by itself.

apprise works in threads and logs what it does. Its threads are the target's own, so that a service that hangs holds up
no other; of what it logs nothing is printed, because addresses of services are credentials, and the status of an
answer is all that is read.
"""

import asyncio
import logging
import re
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, NamedTuple

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType
from apprise.plugins import url_to_dict
from apprise.plugins.base import NotifyBase
from msgspec.structs import replace
from pydantic import SecretStr

from schemas.notices import Acknowledged, Alerted, Awaited, Escalated, Notice, Reported
from schemas.notifications import Notification
from sinks.notify.base import NotDelivered, Receipt
from sinks.notify.facts import Facts, facts_of, kind_of
from sinks.notify.inert import calling_nobody, shortened
from sinks.notify.targets import AppriseTarget
from sinks.notify.wording import Wording

# As many calls of one target at once.
THREADS: Final = 4
# A service that takes no more than this is for phones.
_PHONE_CHARS: Final = 600
_PAGER: Final = "pagerduty"
_DETAILS_CHARS: Final = 4_000
_STATUS: Final = re.compile(r"\berror[=:]\s*(\d{3})\b")
_AGAIN: Final = frozenset({408, 425, 429})
_BAD: Final = frozenset({"urgent", "critical"})


class Spoken(NamedTuple):
    """What a service is told. `details` go where a service has a place for them."""

    title: str
    body: str
    kind: NotifyType
    details: str = ""


class Service:
    """One address of apprise. `address` is a secret as a whole."""

    def __init__(self, address: str) -> None:
        """Raises ValueError, which does not show it, for what apprise cannot use."""
        self._fields = _fields(address)
        self.schema = str(self._fields["schema"])
        plugin = self._plugin({})
        self.name = str(plugin.service_name)
        self.for_phones = 0 < plugin.body_maxlen <= _PHONE_CHARS
        self._chars = plugin.body_maxlen
        self._has_titles = plugin.title_maxlen > 0

    def send(self, spoken: Spoken, more: Mapping[str, object]) -> None:
        """Blocks. `more` are fields beside those of the address. Raises NotDelivered."""
        title, body = calling_nobody(spoken.title), calling_nobody(spoken.body)
        room = self._chars - (0 if self._has_titles else len(title) + 2)
        _heard.statuses = []
        try:
            taken = self._plugin(more).notify(
                title=title,
                body=shortened(body, room) if self._chars > 0 else body,
                notify_type=spoken.kind,
                body_format=NotifyFormat.TEXT,
            )
            statuses: Sequence[int] = _heard.statuses
        finally:
            _heard.statuses = []
        if not taken:
            refused = bool(statuses) and all(400 <= each < 500 and each not in _AGAIN for each in statuses)
            answers = ", ".join(str(each) for each in sorted(set(statuses)))
            said = f"{self.name} answered {answers}" if answers else f"{self.name} did not take it"
            raise NotDelivered(said, permanent=refused)

    def _plugin(self, more: Mapping[str, object]) -> NotifyBase:
        """A new one for each call: apprise waits between two of the same, and the planner counts already."""
        keep_quiet()
        # It is changed by whoever gets it.
        fields: dict[str, Any] = {**self._fields, **more, "overflow": "truncate"}
        try:
            plugin = Apprise.instantiate(fields, asset=_asset(), suppress_exceptions=False)
        except Exception:
            # Whatever it is, it may repeat the address.
            raise ValueError("apprise cannot use its url: something in it is missing or wrong") from None
        if plugin is None:
            raise ValueError("apprise cannot use its url: the service is not available here")
        return plugin


class AppriseProvider:
    """Notifications of one target."""

    def __init__(self, target: AppriseTarget, name: str, url: SecretStr, wording: Wording) -> None:
        """Raises ValueError, which does not show the address, for one that apprise cannot use."""
        self.name = name
        self._language = target.language
        self._service = Service(url.get_secret_value())
        self._wording = wording
        self._threads = Threads(name)

    async def deliver(self, notification: Notification) -> Receipt:
        """One message; for a pager one for each notice, because each is an incident of its own. Raises NotDelivered."""
        if self._service.schema != _PAGER:
            await self._threads.run(partial(self._service.send, self._spoken(notification), {}))
            return Receipt()
        for each in _one_by_one(notification):
            spoken = self._spoken(each)
            # A page that is repeated, or raised, is the same incident; one that is over ends it.
            more = {
                "dedup": incident_of(each.notices[0]),
                "action": "resolve" if spoken.kind is NotifyType.SUCCESS else "trigger",
                "details": {"message": spoken.details},
            }
            await self._threads.run(partial(self._service.send, spoken, more))
        return Receipt()

    async def close(self) -> None:
        """Wait for nobody: a call that hangs ends by its own time-out."""
        self._threads.close()

    def _spoken(self, notification: Notification) -> Spoken:
        words = self._wording.words(notification, self._language)
        kind = worst_of(facts_of(notification))
        if self._service.for_phones or self._service.schema == _PAGER:
            return Spoken("", words.short, kind, shortened(words.text, _DETAILS_CHARS))
        return Spoken(words.subject, words.text, kind)


class Threads:
    """Runs what blocks."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix=f"notify-{name}")

    async def run(self, call: partial[None]) -> None:
        """Raises what the call raises. Who is cancelled meanwhile does not stop the call."""
        await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        """Begin no more calls."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def worst_of(facts: Sequence[Facts]) -> NotifyType:
    """How services mark it: red, yellow, green, blue."""
    if all(each.kind in ("resolved", "alert_resolved") for each in facts):
        return NotifyType.SUCCESS
    if all(each.kind in ("acknowledgement", "answer", "report") for each in facts):
        return NotifyType.INFO
    return NotifyType.FAILURE if any(_BAD & {each.priority, each.severity} for each in facts) else NotifyType.WARNING


def incident_of(notice: Notice) -> str:
    """By what a pager knows an incident. A ticket that is overdue is the incident of its escalation, if it has one."""
    match notice:
        case Escalated(escalation=escalation):
            return escalation.escalation_id
        case Alerted(alert=alert):
            return alert.alert_id
        case Awaited():
            return notice.escalation_id or f"{notice.tenant}/{notice.session}/{notice.what}"
        case Acknowledged():
            return f"{notice.tenant}/{notice.event_id}"
        case Reported():
            return notice.report_id


def _one_by_one(notification: Notification) -> Sequence[Notification]:
    if len(notification.notices) == 1:
        return (notification,)
    return tuple(replace(notification, kind=kind_of(each), notices=(each,)) for each in notification.notices)


def keep_quiet() -> None:
    """Nothing that apprise, and the clients of HTTP here, log of addresses is printed, whatever the level of logs."""
    apprise = logging.getLogger("apprise")
    if _listening not in apprise.handlers:
        apprise.handlers = [_listening]
        apprise.propagate = False
        apprise.setLevel(logging.WARNING)
    # They tell each request's address, httpx at INFO.
    for name in ("httpx", "httpcore", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


class _Heard(threading.local):
    """The status codes that this thread has heard of since it began a call."""

    def __init__(self) -> None:
        self.statuses: list[int] = []


class _Listening(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        found = _STATUS.search(record.getMessage())
        if found:
            _heard.statuses.append(int(found[1]))


_heard = _Heard()
_listening = _Listening()


def _fields(address: str) -> dict[str, Any]:
    keep_quiet()
    try:
        fields = url_to_dict(address)  # type: ignore[no-untyped-call]
    except Exception:
        fields = None
    if not fields:
        raise ValueError("apprise knows no service by its url: wanted is one as in slack://... or pagerduty://...")
    return dict(fields)


def _asset() -> AppriseAsset:
    return AppriseAsset(app_id="ticketpulse", secure_logging=True, http_redirects=False)
