"""Targets become providers, or are told to be wrong, all at once and without their secrets."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr, TypeAdapter

from schemas.notifications import Notification
from sinks.notify.alertmanager import AlertmanagerProvider
from sinks.notify.apprise_services import AppriseProvider
from sinks.notify.base import Provider, Receipt
from sinks.notify.providers import Providers, Surroundings, TargetError
from sinks.notify.samples import sample
from sinks.notify.sms import SmsProvider
from sinks.notify.smtp import MailProvider
from sinks.notify.targets import HelpdeskTarget, Smtp, Target
from sinks.notify.webhook import WebhookProvider
from sinks.notify.wording import read_wording
from tests.notify.mail_server import mail_server

TARGETS: TypeAdapter[dict[str, Target]] = TypeAdapter(dict[str, Target])
WRITTEN = {
    "ops": {"kind": "email", "to": ["ops@example.com"]},
    "chat": {"kind": "apprise", "url": "env:CHAT"},
    "phones": {"kind": "sms", "url": "env:SMS", "to": "customer"},
    "hook": {"kind": "webhook", "url": "https://hooks.example.com/", "secret": "env:HOOK"},
    "alerts": {"kind": "alertmanager", "url": "http://alertmanager.example.com"},
    "desk": {"kind": "helpdesk", "system": "zendesk", "url": "https://desk.example.com", "token": "env:DESK"},
}
ENVIRONMENT = {"CHAT": "json://127.0.0.1/", "SMS": "json://127.0.0.1/{phone}", "HOOK": "hunter2", "DESK": "hunter3"}
SMTP = Smtp(host="127.0.0.1", sender="desk@example.com", security="none")


class Desk:
    """A helpdesk of a test's own: keeps what it was made from."""

    def __init__(self, name: str, target: HelpdeskTarget, look_up: Callable[[str], SecretStr]) -> None:
        self.name = name
        self.key = look_up(target.token).get_secret_value()

    async def deliver(self, notification: Notification) -> Receipt:
        return Receipt(notification.ticket_id)

    async def close(self) -> None:
        self.key = ""


@asynccontextmanager
async def made(
    written: Mapping[str, object] = WRITTEN, environment: Mapping[str, str] = ENVIRONMENT, smtp: Smtp | None = SMTP
) -> AsyncIterator[Mapping[str, Provider]]:
    providers = Providers(
        TARGETS.validate_python(written), Surroundings(environment, read_wording(), smtp, helpdesk=Desk)
    )
    yield providers.by_target
    await providers.close()


async def test_a_provider_for_each_kind_of_target() -> None:
    async with made() as providers:
        kinds = {name: type(provider) for name, provider in providers.items()}
        assert all(name == provider.name for name, provider in providers.items())
        desk = providers["desk"]
        assert isinstance(desk, Desk)
        assert desk.key == "hunter3"
    assert kinds == {
        "ops": MailProvider,
        "chat": AppriseProvider,
        "phones": SmsProvider,
        "hook": WebhookProvider,
        "alerts": AlertmanagerProvider,
        "desk": Desk,
    }
    assert desk.key == ""


async def test_mail_targets_share_their_connections() -> None:
    written = {name: {"kind": "email", "to": [f"{name}@example.com"]} for name in ("ops", "lead")}
    async with mail_server() as box, made(written, smtp=SMTP.model_copy(update={"port": box.port})) as providers:
        for provider in providers.values():
            await provider.deliver(sample("escalation"))
    assert [mail.recipients for mail in box.mails] == [("ops@example.com",), ("lead@example.com",)]
    assert box.connections == 1


async def test_everything_that_is_wrong_is_told_at_once() -> None:
    environment = {"CHAT": "hunter2", "SMS": "twilio://hunter2", "DESK": ""}
    with pytest.raises(TargetError) as told:
        async with made(environment=environment, smtp=None):
            pass
    assert str(told.value).splitlines() == [
        "target ops: mails need a mail server; give one in [smtp]",
        "target chat: apprise knows no service by its url: wanted is one as in slack://... or pagerduty://...",
        "target phones: its url has no {phone}, where the number goes",
        "target hook: the variable HOOK is not set, which env:HOOK asks for",
        "target desk: env:DESK is empty; put the secret there",
    ]


async def test_a_login_that_is_missing_is_told_once() -> None:
    smtp = Smtp(host="127.0.0.1", sender="desk@example.com", user="env:NAME", password="env:WORD")  # noqa: S106
    written = {name: {"kind": "email", "to": [f"{name}@example.com"]} for name in ("ops", "lead")}
    with pytest.raises(TargetError, match=r"^\[smtp\]: the variable NAME is not set, which env:NAME asks for$"):
        async with made(written, {}, smtp):
            pass


@pytest.mark.parametrize(
    ("target", "smtp", "said"),
    [
        ({"to": ["ops@"]}, SMTP, "an address of `to` is no mail address; wanted: one as in ops@example.com"),
        (
            {"to": "customer"},
            SMTP.model_copy(update={"sender": "Desk <d@example.com>"}),
            "`sender` of [smtp] is no mail address; wanted: one as in ops@example.com",
        ),
        ({"to": "customer", "language": "fr"}, SMTP, "there are no templates in 'fr'; there are some in de, en"),
    ],
)
async def test_what_a_mail_target_needs(target: dict[str, object], smtp: Smtp, said: str) -> None:
    with pytest.raises(TargetError) as told:
        async with made({"ops": {"kind": "email", **target}}, smtp=smtp):
            pass
    assert str(told.value) == f"target ops: {said}"
