"""`ticketpulse token`: who may ask the servers what."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.failure import USAGE, Failure
from streams.commands.given import tenant_of, time_of
from streams.commands.settings import given_settings
from streams.commands.terminal import Output, OutputOption, print_json, print_table, say

if TYPE_CHECKING:
    from pathlib import Path

    from sinks.access.principals import Role
    from sinks.access.tokens import StoredToken, TokenBook

token = typer.Typer(no_args_is_help=True, help="Tokens: who may send, look, correct and administer.")

_SPAN = re.compile(r"([1-9][0-9]{0,3})([dh])")

RoleOption = Annotated[
    list[str], typer.Option("--role", help="ingest, read, act (and read) or admin (everything); several are possible.")
]
NameOption = Annotated[str, typer.Option(help="Who or what has it: it stands beside what is done with it.")]
TenantOption = Annotated[str | None, typer.Option(help="Whose tickets; without it, every tenant's.")]
ExpiresOption = Annotated[str | None, typer.Option(help="When it ends: 90d, 12h, or a time such as 2027-01-01.")]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="As `token ls` prints it, or the whole token.")]


@token.command("new")
def new(
    role: RoleOption,
    name: NameOption,
    tenant: TenantOption = None,
    expires: ExpiresOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Make a token and print it, once: only its digest is kept, in the file that TICKETPULSE_TOKENS names.

    Servers that run take it within two seconds. To rotate one, make another of the same name, use it, revoke the old.

        ticketpulse token new --role act --tenant acme --name 'desk of Ann' --expires 90d

        ticketpulse token new --role ingest --name shop | ssh shop 'cat > ticketpulse.token'
    """
    from pydantic import ValidationError

    from sinks.access.token_file import change_tokens
    from sinks.access.tokens import new_token

    file = _file()
    now = _now()
    ends = _end_of(expires, now)
    try:
        made = new_token(name, _roles(role), tenant_of(tenant), now, ends)
    except ValidationError:
        raise Failure(
            f"--name {name!r}: 1 to 64 letters, digits, spaces and . _ - @, with a letter or digit first", USAGE
        ) from None
    change_tokens(file, lambda book: [*book.tokens.values(), made.stored])
    if output is Output.JSON:
        print_json({"token": made.text, **_described(made.stored, now)})
    else:
        typer.echo(made.text)
    say(f"{made.stored.id} is kept in {file}. The token is shown this once")


@token.command("ls")
def ls(output: OutputOption = Output.TEXT) -> None:
    """List the tokens, the newest last. None of them can be told again.

    ticketpulse token ls

    ticketpulse token ls -o json | jq -r '.[] | select(.state == "valid") | .id'
    """
    from sinks.access.token_file import read_tokens

    now = _now()
    listed = sorted(read_tokens(_file()).tokens.values(), key=lambda each: each.created_at)
    if output is Output.JSON:
        print_json([_described(each, now) for each in listed])
        return
    rows = [
        (each.id, each.name, "+".join(each.roles), each.tenant or "all", each.state(now), _day(each.expires_at))
        for each in listed
    ]
    print_table(("ID", "NAME", "ROLES", "TENANT", "STATE", "EXPIRES"), rows)


@token.command("revoke")
def revoke(token_id: IdArgument) -> None:
    """End a token, and the sessions that were opened with it. Servers that run hear of it within two seconds.

    ticketpulse token revoke 0123456789ab
    """
    from sinks.access.token_file import change_tokens

    file, now = _file(), _now()
    # A whole token is given by who found one somewhere and does not know its parts.
    wanted = token_id.split("_", 2)[1] if token_id.startswith("tp_") and token_id.count("_") > 1 else token_id

    def revoked(book: "TokenBook") -> "list[StoredToken]":
        if wanted not in book.tokens:
            raise Failure(f"there is no token {wanted} in {file}: `ticketpulse token ls` lists them")
        if book.tokens[wanted].revoked_at is not None:
            raise Failure(f"{wanted} was revoked at {book.tokens[wanted].revoked_at:%Y-%m-%d %H:%M} UTC")
        return [
            each.model_copy(update={"revoked_at": now}) if each.id == wanted else each for each in book.tokens.values()
        ]

    change_tokens(file, revoked)
    say(f"{wanted} is revoked")


def _file() -> "Path":
    from sinks.access.token_file import SETTING

    file = given_settings().tokens
    if file is None:
        raise Failure(f"which file? Set {SETTING}, as in {SETTING}=tokens.toml; servers want the same setting", USAGE)
    return file


def _roles(told: list[str]) -> "list[Role]":
    from sinks.access.principals import Role

    known = {role.value for role in Role}
    if wrong := [each for each in told if each not in known]:
        raise Failure(f"--role {wrong[0]}: wanted {' | '.join(role.value for role in Role)}", USAGE)
    return [Role(each) for each in told]


def _end_of(told: str | None, now: datetime) -> datetime | None:
    span = _SPAN.fullmatch(told or "")
    if span:
        return now + (timedelta(days=int(span[1])) if span[2] == "d" else timedelta(hours=int(span[1])))
    ends = time_of("--expires", told)
    if ends is not None and ends <= now:
        raise Failure(f"--expires {told}: that is over", USAGE)
    return ends


def _described(stored: "StoredToken", now: datetime) -> dict[str, object]:
    return {**stored.model_dump(mode="json", exclude={"sha256"}), "state": stored.state(now)}


def _day(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
