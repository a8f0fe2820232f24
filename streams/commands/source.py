"""`ticketpulse source`: what carries events in from elsewhere."""

import asyncio
from typing import TYPE_CHECKING

import typer

from streams.commands.failure import USAGE, Failure, variable_of
from streams.commands.settings import admitted_settings
from streams.commands.stopping import stopped_by_signals
from streams.commands.terminal import say

if TYPE_CHECKING:
    from pydantic import SecretStr

    from streams.config import Settings
    from streams.sources.mailbox import MailboxPlan

source = typer.Typer(no_args_is_help=True, help="Carry events in from elsewhere.")


@source.callback()
def sources() -> None:
    """Carry events in from elsewhere."""


@source.command("mailbox")
def mailbox() -> None:
    """Make ticket events of the mails in an IMAP mailbox, until SIGTERM or Ctrl-C.

    A mail is marked on the server once Kafka has its event; one that cannot be read becomes a dead letter. While either
    server is away it waits. TICKETPULSE_MAILBOX_PASSWORD or TICKETPULSE_MAILBOX_PASSWORD_FILE has the password.

        TICKETPULSE_MAILBOX_URL=imaps://support@mail.example.org:993/INBOX ticketpulse source mailbox
    """
    from sinks.prometheus import serve_metrics
    from streams.logs import configure_logs

    configure_logs()
    settings = admitted_settings("mailbox")
    plan = _plan(settings)
    _password(settings)
    serve_metrics(settings.metrics_port, settings.host)
    say(f"reading {plan.address.folder} of {plan.address.user} at {plan.address}")
    asyncio.run(_run(settings, plan))


async def _run(settings: "Settings", plan: "MailboxPlan") -> None:
    from datetime import UTC, datetime

    from streams.doors import event_writer
    from streams.sources.imap import WrongMailbox
    from streams.sources.mailbox import MailboxSource
    from streams.tenancy.pacing import PacedWriter, until
    from streams.tenancy.wiring import quotas_of

    writer = event_writer(settings)
    quotas = quotas_of(settings)
    with stopped_by_signals() as stop:
        if quotas is not None:
            writer = PacedWriter(writer, quotas, until(stop))
        source = MailboxSource(plan, lambda: _password(settings), writer, lambda: datetime.now(UTC))
        await writer.start()
        try:
            await source.run(stop)
        except WrongMailbox as error:
            raise Failure(str(error), USAGE) from None
        finally:
            await writer.stop()


def _plan(settings: "Settings") -> "MailboxPlan":
    from streams.sources.imap import is_flag
    from streams.sources.mailbox import MailboxPlan
    from streams.sources.mailbox_address import parse_address
    from streams.sources.mails import MailRules

    if settings.mailbox_url is None:
        wanted = "imaps://user@host:993/INBOX"
        raise Failure(f"no mailbox is named: set {variable_of('mailbox_url')} to {wanted}", USAGE)
    try:
        address = parse_address(settings.mailbox_url)
        for mark in (settings.mailbox_done, settings.mailbox_failed):
            is_flag(mark)
    except ValueError as error:
        raise Failure(str(error), USAGE) from None
    rules = MailRules(
        tenant=settings.mailbox_tenant,
        agents=frozenset(each.lower() for each in settings.mailbox_agents),
        own_lists=frozenset(each.lower() for each in settings.mailbox_lists),
        by_subject=settings.mailbox_by_subject,
    )
    return MailboxPlan(
        address,
        rules,
        settings.mailbox_done,
        settings.mailbox_failed,
        settings.mailbox_days,
        settings.mailbox_seconds,
        settings.mailbox_ca,
    )


def _password(settings: "Settings") -> "SecretStr":
    from sinks.notify.secrets import SecretMissing, look_up

    either = f"{variable_of('mailbox_password')} or {variable_of('mailbox_password_file')}"
    if settings.mailbox_password is not None:
        if settings.mailbox_password_file is not None:
            raise Failure(f"the mailbox's password is given twice: set either {either}", USAGE)
        return settings.mailbox_password
    if settings.mailbox_password_file is None:
        raise Failure(f"the mailbox's password is not set: {either} has it", USAGE)
    try:
        return look_up(f"file:{settings.mailbox_password_file}", "the mailbox", {})
    except SecretMissing as error:
        raise Failure(str(error), USAGE) from None
