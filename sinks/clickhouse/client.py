"""Open ClickHouse: a server by HTTP, or the engine embedded in this process. One client for both."""

import logging
import ssl
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.binding import quote_identifier
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, Error

from sinks.clickhouse.holder import holder_of

SETTING = "CLICKHOUSE_URL"
CONNECT_SECONDS = 5
# A server that neither answers nor refuses holds the sink up for this long before it tries again.
ANSWER_SECONDS = 60

# The client warns of what it raises as well; where nobody set up logging, Python would print that on stderr.
logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())

EMBEDDED = "chdb://"
_UNKNOWN_DATABASE = 81


class CannotOpen(Exception):
    """ClickHouse cannot be opened. The message names the setting, says why and what to do."""


def connect(url: str, readonly: bool = False) -> Client:
    """Open `chdb://PATH` or `http(s)://user:password@host:port/database`; times come back as aware datetimes.

    A server's database is created if it is missing, unless `readonly`. The embedded engine belongs to one process: a
    second one cannot open the same path, and one process can open one path at a time, by as many clients as it likes.
    A process must not fork after it has opened it (children hang; spawn them). Raises CannotOpen.
    """
    if url.startswith(EMBEDDED):
        return _embedded(url, readonly)
    if url.startswith(("http://", "https://")):
        return _server(url, readonly)
    raise CannotOpen(f"{SETTING}={_shown(url)}: wanted http(s)://user:password@host:port/database or chdb://PATH")


def _embedded(url: str, readonly: bool) -> Client:
    path = Path(url.removeprefix(EMBEDDED))
    if path == Path():
        raise CannotOpen(f"{SETTING}={url}: chdb:// needs the path of a folder behind it")
    try:
        path.mkdir(parents=True, exist_ok=True)
        client = clickhouse_connect.get_client(interface="chdb", path=str(path), tz_mode="aware")
    except (ImportError, OSError) as error:
        raise CannotOpen(f"{SETTING}={url}: {error}") from error
    except ClickHouseError as error:
        raise CannotOpen(f"{SETTING}={url}: {_why_not_embedded(path, str(error))}") from error
    if readonly:
        # This handle alone: settings of the embedded engine are per handle.
        client.command("SET readonly = 2")
    return client


def _why_not_embedded(path: Path, error: str) -> str:
    if "cannot connect with different path" in error:
        return f"this process has the embedded engine open at another path, and can open one at a time ({error})"
    holder = holder_of(path)
    if holder is None:
        return f"the embedded engine cannot be opened, though no other process has it open: {error}"
    return (
        f"{holder} has the embedded engine open. One process at a time may open a path, and its page and API read it "
        f"for the others: stop it, or use a server, {SETTING}=http://user:password@host:8123/ticketpulse"
    )


def _server(url: str, readonly: bool) -> Client:
    try:
        try:
            client = _get_client(url)
        except Error as error:
            if readonly or error.code != _UNKNOWN_DATABASE:
                raise
            _create_database(url)
            client = _get_client(url)
        if readonly and client.command("SELECT getSetting('readonly')") == 0:
            # 2: no writes, but a query may still set its own limits. A user who is read-only anyway may not set it.
            client.set_client_setting("readonly", "2")
    except (ClickHouseError, OSError, ValueError) as error:
        told = f"{explain(error)}{_asks_who_we_are(url, error)}"
        raise CannotOpen(f"{SETTING}={_shown(url)}: {told}") from error
    return client


def explain(error: BaseException) -> str:
    """What a person should read of an error of the client: for a server that is away, why it could not be reached."""
    reason = getattr(error.__cause__, "reason", None)
    if (untrusted := _within(reason, ssl.SSLCertVerificationError)) is not None:
        why = untrusted.verify_message.rstrip(".")
        return f"the server's certificate is not trusted: {why}. TICKETPULSE_CLICKHOUSE_CA names who signs it"
    return f"the server cannot be reached: {reason}" if reason else str(error)


def _asks_who_we_are(url: str, error: BaseException) -> str:
    """What to do, where a server over TLS has ended the connection: it may have asked for a certificate. Since TLS 1.3
    it does so when we write already, and what it says of it may get lost.
    """
    ended = _within(error, ssl.SSLError) or _within(error, ConnectionResetError)
    if ended is None or not url.startswith("https://") or _within(error, ssl.SSLCertVerificationError) is not None:
        return ""
    return "; if it asks for a certificate, TICKETPULSE_CLICKHOUSE_CERTIFICATE names ours"


_Kind = TypeVar("_Kind", bound=BaseException)


def _within(error: BaseException | None, kind: type[_Kind]) -> _Kind | None:
    """The first of a kind among an error, what it carries, and what it comes of."""
    if error is None or isinstance(error, kind):
        return error
    carried = [*(each for each in error.args if isinstance(each, BaseException)), error.__cause__]
    reason = getattr(error, "reason", None)
    carried += [reason] if isinstance(reason, BaseException) else []
    return next((found for each in carried if (found := _within(each, kind)) is not None), None)


def _get_client(url: str) -> Client:
    return clickhouse_connect.get_client(
        dsn=url,
        # Of an address the client takes the scheme for nothing: it would speak plainly to any port but 443 and 8443.
        secure=url.startswith("https://"),
        tz_mode="aware",
        connect_timeout=CONNECT_SECONDS,
        send_receive_timeout=ANSWER_SECONDS,
        # The server allows one query at a time in a session, and nothing here needs one.
        autogenerate_session_id=False,
    )


def _create_database(url: str) -> None:
    parts = urlsplit(url)
    client = _get_client(parts._replace(path="/default").geturl())
    try:
        client.command(f"CREATE DATABASE IF NOT EXISTS {quote_identifier(unquote(parts.path.strip('/')))}")
    finally:
        client.close()


def _shown(url: str) -> str:
    """The address without its password, and without what it says of certificates."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
