"""The providers of `notify.toml`'s targets: the one place where secrets are looked up and targets become ways."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from pydantic import SecretStr

from sinks.notify.alertmanager import AlertmanagerProvider
from sinks.notify.apprise_services import AppriseProvider, keep_quiet
from sinks.notify.base import Provider
from sinks.notify.secrets import SecretMissing, look_up
from sinks.notify.sms import SmsProvider
from sinks.notify.smtp import Login, MailProvider, MailServer
from sinks.notify.targets import (
    AlertmanagerTarget,
    AppriseTarget,
    EmailTarget,
    HelpdeskTarget,
    SmsTarget,
    Smtp,
    Target,
    WebhookTarget,
)
from sinks.notify.webhook import WebhookProvider
from sinks.notify.wording import Wording

# Makes a helpdesk's, of its name, its target, and what gives a secret by its reference.
HelpdeskMaker = Callable[[str, HelpdeskTarget, Callable[[str], SecretStr]], Provider]


class TargetError(ValueError):
    """Targets that cannot be used: a line for each, with its name and what to do. It holds no secret."""


class Surroundings(NamedTuple):
    """What providers are made from beside their targets. Without `smtp` there can be no mails."""

    environment: Mapping[str, str]
    wording: Wording
    smtp: Smtp | None
    helpdesk: HelpdeskMaker


class Providers:
    """A provider for each target. Made in the event loop that uses it, and closed there."""

    def __init__(self, targets: Mapping[str, Target], given: Surroundings) -> None:
        """Raises TargetError with everything that is wrong."""
        keep_quiet()
        self.by_target: dict[str, Provider] = {}
        self._given = given
        self._mail: MailServer | None = None
        wrong = []
        for name, target in targets.items():
            try:
                self.by_target[name] = self._made(name, target)
            except SecretMissing as error:
                wrong.append(str(error))
            except ValueError as error:
                wrong.append(f"target {name}: {error}")
        if wrong:
            raise TargetError("\n".join(dict.fromkeys(wrong)))

    async def close(self) -> None:
        """Let go of all connections."""
        for provider in self.by_target.values():
            await provider.close()
        if self._mail is not None:
            await self._mail.close()

    def _made(self, name: str, target: Target) -> Provider:
        wording = self._wording_for(target)
        secret = partial(look_up, whose=f"target {name}", environment=self._given.environment)
        match target:
            case EmailTarget():
                smtp, server = self._mail_server()
                return MailProvider(target, name, smtp, server, wording)
            case SmsTarget():
                return SmsProvider(target, name, secret(target.url), wording)
            case AppriseTarget():
                return AppriseProvider(target, name, secret(target.url), wording)
            case WebhookTarget():
                return WebhookProvider(target, name, secret(target.secret))
            case AlertmanagerTarget():
                return AlertmanagerProvider(target, name, wording)
            case HelpdeskTarget():
                return self._given.helpdesk(name, target, secret)

    def _wording_for(self, target: Target) -> Wording:
        wording = self._given.wording
        if target.language not in wording.languages:
            known = ", ".join(sorted(wording.languages))
            raise ValueError(f"there are no templates in {target.language!r}; there are some in {known}")
        return wording

    def _mail_server(self) -> tuple[Smtp, MailServer]:
        smtp = self._given.smtp
        if smtp is None:
            raise ValueError("mails need a mail server; give one in [smtp]")
        if self._mail is None:
            self._mail = MailServer(smtp, self._login(smtp))
        return smtp, self._mail

    def _login(self, smtp: Smtp) -> Login | None:
        if smtp.user is None or smtp.password is None:
            return None
        secret = partial(look_up, whose="[smtp]", environment=self._given.environment)
        return Login(secret(smtp.user), secret(smtp.password))
