"""Tokens: how one is made, what is kept of it, and how one that is shown is checked."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from sinks.access.principals import Principal, Role

# What scanners for leaked secrets can look for; the id behind it is no secret, and stands in logs and lists.
PREFIX: Final = "tp"
SECRET_BYTES: Final = 32
MAX_TOKEN_CHARS: Final = 200
NAME_PATTERN: Final = r"^[^\W_][\w.@ -]{0,63}$"
_ID_BYTES: Final = 6
_SHAPE: Final = re.compile(rf"{PREFIX}_([0-9a-f]{{{2 * _ID_BYTES}}})_[A-Za-z0-9_-]{{43}}")
# What an unknown id is compared with, so that it takes as long as a known one.
_NOBODYS: Final = hashlib.sha256(secrets.token_bytes(SECRET_BYTES)).hexdigest()


TokenState = Literal["valid", "expired", "revoked"]


class StoredToken(BaseModel):
    """What is kept of a token: nothing by which one could sign in. Without a `tenant` it is for every tenant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=rf"^[0-9a-f]{{{2 * _ID_BYTES}}}$")]
    name: Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    tenant: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\-]{1,64}$")] | None = None
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    revoked_at: AwareDatetime | None = None

    def state(self, now: datetime) -> TokenState:
        """How it stands at a time (aware)."""
        if self.revoked_at is not None and now >= self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at is not None and now >= self.expires_at else "valid"

    def is_valid(self, now: datetime) -> bool:
        """Whether it may be used at a time (aware)."""
        return self.state(now) == "valid"

    @property
    def principal(self) -> Principal:
        """Who shows it."""
        return Principal(self.id, self.name, self.roles, self.tenant)


class NewToken(NamedTuple):
    """A token as it is told once, and what is kept of it."""

    text: str
    stored: StoredToken


def new_token(
    name: str, roles: Iterable[Role], tenant: str | None, now: datetime, expires_at: datetime | None = None
) -> NewToken:
    """Make one: 256 random bits behind an id. Raises pydantic's ValidationError for what is no name or tenant."""
    identity = secrets.token_hex(_ID_BYTES)
    text = f"{PREFIX}_{identity}_{secrets.token_urlsafe(SECRET_BYTES)}"
    stored = StoredToken(
        id=identity,
        name=name,
        roles=tuple(dict.fromkeys(roles)),
        tenant=tenant,
        sha256=_digest(text),
        created_at=now,
        expires_at=expires_at,
    )
    return NewToken(text, stored)


class TokenBook:
    """The tokens of a file."""

    def __init__(self, tokens: Iterable[StoredToken]) -> None:
        self.tokens: Mapping[str, StoredToken] = {token.id: token for token in tokens}

    def check(self, text: str, now: datetime) -> Principal | None:
        """Who shows this text at a time (aware); None for what is no valid token.

        Found by the id, which is no secret; the digest of the whole is compared in constant time, also for an id that
        nobody has.
        """
        shape = _SHAPE.fullmatch(text)
        token = self.tokens.get(shape[1]) if shape else None
        same = hmac.compare_digest(_digest(text), token.sha256 if token else _NOBODYS)
        return token.principal if token is not None and same and token.is_valid(now) else None

    def standing(self, token_id: str, now: datetime) -> Principal | None:
        """Who has the token of this id, as long as it is valid."""
        token = self.tokens.get(token_id)
        return token.principal if token is not None and token.is_valid(now) else None


def _digest(text: str) -> str:
    # Enough for what nobody can guess: a slow hash protects what people think up.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
