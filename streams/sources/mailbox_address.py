"""Where a mailbox is: imaps://user@host:993/INBOX."""

from typing import Final, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

Security = Literal["tls", "starttls", "none"]
_SCHEMES: Final[dict[str, tuple[Security, int]]] = {
    "imaps": ("tls", 993),
    "imap": ("starttls", 143),
    "imap+insecure": ("none", 143),
}
_WANTED: Final = "wanted: imaps://user@host:993/INBOX"


class MailboxAddress(NamedTuple):
    """A folder of a user on a server; `str()` is the server alone."""

    host: str
    port: int
    user: str
    folder: str
    security: Security

    def __str__(self) -> str:
        return f"the mail server {self.host}:{self.port}"


def parse_address(url: str) -> MailboxAddress:
    """Read an address. imaps is encrypted from the beginning, imap by STARTTLS, imap+insecure not at all.

    In the user's name "@" may stand as it is or as %40. Raises ValueError, which says what is wrong and repeats
    nothing: somebody may have written a password.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise ValueError(f"the mailbox's address cannot be read; {_WANTED}") from None
    if parts.scheme not in _SCHEMES:
        raise ValueError(f"the mailbox's address begins with none of {', '.join(_SCHEMES)}; {_WANTED}")
    user = parts.netloc.rpartition("@")[0]
    if ":" in user:
        raise ValueError("a password does not stand in the mailbox's address: a setting or a file has it")
    if not user or not parts.hostname:
        raise ValueError(f"the mailbox's address has no {'user' if not user else 'host'}; {_WANTED}")
    security, usual = _SCHEMES[parts.scheme]
    return MailboxAddress(
        parts.hostname, port or usual, unquote(user), unquote(parts.path.strip("/")) or "INBOX", security
    )
