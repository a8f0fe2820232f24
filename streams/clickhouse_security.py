"""Settings of how a ClickHouse server is reached: who we are, whom we trust."""

from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings

from streams.secret_files import SecretFile
from streams.wrong_security import WrongSecurity, readable, secret_in

_PREFIX = "TICKETPULSE_CLICKHOUSE"


class ClickHouseSettings(BaseSettings):
    """See docs/clickhouse-security.md."""

    clickhouse_url: str = Field(
        "chdb://.local/clickhouse",
        validation_alias=AliasChoices("CLICKHOUSE_URL", "clickhouse_url"),
        description="http(s)://user:password@host:port/database of a server, or chdb://PATH for the embedded engine.",
    )
    clickhouse_password_file: SecretFile = Field(
        None, description="A file with the password, which CLICKHOUSE_URL has none of then; read at each start."
    )
    clickhouse_ca: Path | None = Field(
        None, description="Certificates in PEM that sign the server's, instead of the system's own; with https."
    )
    clickhouse_certificate: Path | None = Field(
        None, description="Our certificate in PEM, where the server asks for one."
    )
    clickhouse_key: Path | None = Field(None, description="Its key in PEM, unless it is in the same file.")
    clickhouse_verify: bool = Field(
        True, description="Whether the server's certificate must be of its host, and signed by who is trusted."
    )

    @property
    def clickhouse(self) -> str:
        """The address with all that a client has to know; it holds secrets. Raises WrongSecurity."""
        return clickhouse_of(self)


def clickhouse_of(settings: ClickHouseSettings) -> str:
    """CLICKHOUSE_URL with what the other settings say, as clickhouse-connect reads it of an address. Raises
    WrongSecurity for settings that contradict each other, and for files that cannot be read.
    """
    url = settings.clickhouse_url
    given = [name for name in ("ca", "certificate", "key") if getattr(settings, f"clickhouse_{name}") is not None]
    if not settings.clickhouse_verify:
        given.append("verify")
    variables = [f"{_PREFIX}_{name.upper()}" for name in given]
    if variables and not url.startswith("https://"):
        raise WrongSecurity(
            f"{' and '.join(variables)} is set, but CLICKHOUSE_URL does not begin with https://: nothing is encrypted"
        )
    if settings.clickhouse_key is not None and settings.clickhouse_certificate is None:
        raise WrongSecurity(f"{_PREFIX}_KEY is set without {_PREFIX}_CERTIFICATE, which it belongs to")
    url = _with_password(url, settings.clickhouse_password_file)
    options = _options(settings, has_password=urlsplit(url).password is not None)
    if not options:
        return url
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(options)}"


def _options(settings: ClickHouseSettings, *, has_password: bool) -> dict[str, str]:
    names = {"ca": "ca_cert", "certificate": "client_cert", "key": "client_cert_key"}
    options: dict[str, str] = {}
    for name, option in names.items():
        path: Path | None = getattr(settings, f"clickhouse_{name}")
        if path is not None:
            readable(f"{_PREFIX}_{name.upper()}", path)
            options[option] = str(path)
    if not settings.clickhouse_verify:
        options["verify"] = "false"
    if settings.clickhouse_certificate is not None:
        # Whether the certificate says who we are, or only lets us in, and the password says it.
        options["tls_mode"] = "strict" if has_password else "mutual"
    return options


def _with_password(url: str, file: Path | None) -> str:
    if file is None:
        return url
    variable = f"{_PREFIX}_PASSWORD_FILE"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.username:
        raise WrongSecurity(f"{variable} is set, but CLICKHOUSE_URL names no user: https://user@host:8443/database")
    if parts.password is not None:
        raise WrongSecurity(f"the password is given twice: take it out of CLICKHOUSE_URL, or {variable} away")
    user, _, place = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}:{quote(secret_in(variable, file), safe='')}@{place}").geturl()
