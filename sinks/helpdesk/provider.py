"""The provider of a helpdesk: brings escalations to it as its mapping says."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeGuard
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from pydantic import JsonValue, SecretStr

from schemas.escalations import Escalation
from schemas.notices import Escalated
from schemas.notifications import Kind as Told
from schemas.notifications import Notification
from sinks.helpdesk.calls import Calls
from sinks.helpdesk.filling import fill_text
from sinks.helpdesk.loading import read_mapping
from sinks.helpdesk.mapping import KINDS, Auth, HelpdeskMapping, Kind
from sinks.helpdesk.references import fallback_reference, ticket_mark
from sinks.helpdesk.wording import values_of
from sinks.helpdesk.writing import Writing
from sinks.notify.base import NotDelivered, Receipt
from sinks.notify.facts import Facts, facts_of
from sinks.notify.targets import HelpdeskTarget

# Of the target's time: the rest is left for whoever calls, so that what is known of the ticket is told and not lost.
_OWN_SHARE: Final = 0.9
_REMEMBERED: Final = 10_000


class WrongTarget(ValueError):
    """A target does not say what its mapping needs. Says what, and what is wanted."""


class HelpdeskProvider:
    """Writes to the helpdesk of one target.

    What it does can be repeated: the ticket is found by its mark and notes by theirs, so neither comes twice, as far as
    the helpdesk finds what it has just taken (docs/helpdesk.md says where it lags). The deliveries about one ticket go
    one after the other here; no other process may write about the same tickets at the same time.

    `look_up` gives the value of a secret by its reference, and is asked once. Raises FileError for a mapping that is
    wrong, WrongTarget for settings that do not fit it, and what `look_up` raises.
    """

    def __init__(
        self,
        name: str,
        target: HelpdeskTarget,
        look_up: Callable[[str], SecretStr],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self._mapping = read_mapping(target.system)
        self._settings = _settings(target, self._mapping)
        self._seconds = target.timeout / 1000 * _OWN_SHARE
        headers = _credentials(target, self._mapping.auth, look_up)
        self._calls = Calls(_plain_url(target.url), headers, self._seconds, now)
        self._writing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        # The ids of tickets by their marks, the newest last: a search may not see yet what was created a moment ago.
        self._ours: dict[str, str] = {}

    async def deliver(self, notification: Notification) -> Receipt:
        """Write what it tells of escalations. The reference is the ticket's id, or those of a digest with commas. Of
        what fails it is the ticket's id too if it is known, else the fallback id. Raises NotDelivered.
        """
        until = asyncio.get_running_loop().time() + self._seconds
        references: list[str] = []
        failures: list[NotDelivered] = []
        for notice, facts in zip(notification.notices, facts_of(notification), strict=True):
            if not isinstance(notice, Escalated) or not _is_known_kind(facts.kind):
                failures.append(
                    NotDelivered(f"a helpdesk is told of escalations only, not of: {facts.kind}", permanent=True)
                )
                continue
            try:
                references.append(await self._write(notification, notice.escalation, facts, facts.kind, until))
            except NotDelivered as failure:
                failures.append(failure)
                references += [failure.reference] if failure.reference else []
        if not notification.notices:
            failures.append(NotDelivered("there is nothing to be told", permanent=True))
        reference = ",".join(dict.fromkeys(references)) or None
        if failures:
            raise _together(failures, len(notification.notices), reference)
        return Receipt(reference)

    async def close(self) -> None:
        """Let go of connections."""
        await self._calls.close()

    async def _write(
        self, notification: Notification, escalation: Escalation, facts: Facts, kind: Kind, until: float
    ) -> str:
        values = values_of(notification, escalation, facts) | self._settings
        values["priority"] = self._mapping.priorities[escalation.priority]
        writing = Writing(self._mapping, self._calls, values)
        lock = self._writing.setdefault(ticket_mark(escalation), asyncio.Lock())
        try:
            async with asyncio.timeout_at(until), lock:
                ours = self._ours.get(ticket_mark(escalation))
                return await writing.write(kind, ours or self._known(notification, escalation), ours is not None)
        except (NotDelivered, TimeoutError) as error:
            failure = error if isinstance(error, NotDelivered) else NotDelivered("the helpdesk does not answer in time")
            local = None if kind == "resolved" else fallback_reference(notification)
            failure.reference = writing.reference or local
            raise failure from None
        finally:
            if writing.is_ours and writing.reference is not None:
                self._remember(ticket_mark(escalation), writing.reference)

    def _remember(self, mark: str, reference: str) -> None:
        self._ours.pop(mark, None)
        self._ours[mark] = reference
        if len(self._ours) > _REMEMBERED:
            del self._ours[next(iter(self._ours))]

    def _known(self, notification: Notification, escalation: Escalation) -> str | None:
        """The ticket's id: from an earlier attempt, or from where the event came from."""
        earlier = notification.reference if len(notification.notices) == 1 else None
        if earlier and earlier != fallback_reference(notification):
            return earlier
        said = (known.reference(escalation) for known in self._mapping.known)
        return next((reference for reference in said if reference is not None), None)


def _is_known_kind(kind: Told) -> TypeGuard[Kind]:
    return kind in KINDS


def _together(failures: list[NotDelivered], tried: int, reference: str | None) -> NotDelivered:
    """One failure for all of them. It is permanent if all are."""
    waits = [failure for failure in failures if not failure.permanent]
    first = (waits or failures)[0]
    asked = [failure.retry_after for failure in waits if failure.retry_after is not None]
    return NotDelivered(
        first.reason if tried <= 1 else f"{len(failures)} of {tried} are not written; the first: {first.reason}",
        permanent=not waits,
        retry_after=max(asked, default=None),
        reference=reference,
    )


def _settings(target: HelpdeskTarget, mapping: HelpdeskMapping) -> dict[str, JsonValue]:
    """The target's settings as the mapping wants them. Raises WrongTarget."""
    unknown = sorted(target.settings.keys() - mapping.settings.keys())
    if unknown:
        there = ", ".join(mapping.settings) or "none"
        raise WrongTarget(f"settings: {mapping.name} has no {unknown[0]!r}; there are: {there}")
    values: dict[str, JsonValue] = {}
    for key, setting in mapping.settings.items():
        value = target.settings.get(key, setting.default)
        if value is None:
            raise WrongTarget(f"settings.{key}: required for {mapping.name}")
        if not setting.takes(value):
            raise WrongTarget(f"settings.{key}: {value!r} does not look like {setting.pattern}")
        values[f"settings.{key}"] = int(value) if setting.number else value
    return values


def _credentials(target: HelpdeskTarget, auth: Auth, look_up: Callable[[str], SecretStr]) -> dict[str, str]:
    """The header that proves who asks. Raises WrongTarget, and what `look_up` raises."""
    if auth.needs_user and target.user is None:
        raise WrongTarget(f"user: required for {target.system}")
    secrets: dict[str, JsonValue] = {"token": look_up(target.token).get_secret_value()}
    if target.user is not None:
        secrets["user"] = look_up(target.user).get_secret_value()
    if auth.scheme == "basic":
        pair = f"{fill_text(auth.user or '', secrets)}:{fill_text(auth.password or '', secrets)}"
        value = f"Basic {b64encode(pair.encode()).decode()}"
    else:
        value = fill_text(auth.value or "", secrets)
    if not value.isascii() or not value.isprintable():
        raise WrongTarget("a secret has characters that no header may hold")
    return {auth.header: value}


def _plain_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.username is not None or parts.query or parts.fragment:
        raise WrongTarget("url: wanted without user, query and #, as in https://example.com")
    return url
