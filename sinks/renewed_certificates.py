"""TLS of a client whose certificates are renewed on disk while it runs."""

import logging
import ssl
from pathlib import Path
from typing import Any, NamedTuple, Self

from pydantic import SecretStr

log = logging.getLogger(__name__)

Stamp = tuple[tuple[int, int, int], ...]


class TlsFiles(NamedTuple):
    """Whom a client trusts, and what it shows of itself; all in PEM. Without `ca` it trusts whom the system trusts,
    without `certificate` it shows nothing. `key` is the certificate's file where that has both.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    key_password: SecretStr | None = None
    check_hostname: bool = True

    @property
    def files(self) -> tuple[Path, ...]:
        """Those that there are."""
        return tuple(path for path in (self.ca, self.certificate, self.key) if path is not None)


class RenewedContext(ssl.SSLContext):
    """Looks at its files before each new connection and reads them anew when one has changed.

    Connections that are open keep what they were opened with. Files that cannot be used, as when only one of two has
    been replaced, are told once, and the connection is made with what was read last.
    """

    _files: TlsFiles
    _read: Stamp

    @classmethod
    def of(cls, files: TlsFiles) -> Self:
        """A client's context of TLS 1.2 or newer. Raises OSError and ssl.SSLError for files that cannot be used."""
        context = cls(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = files.check_hostname
        context._files = files
        context._read = _stamp(files)
        if files.ca is None:
            context.load_default_certs()
        context._load(context)
        return context

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:
        """What event loops begin a connection with."""
        self._renew()
        return super().wrap_bio(*arguments, **named)

    def _renew(self) -> None:
        try:
            now = _stamp(self._files)
            if now == self._read:
                return
            self._read = now
            # On trial: a context that was given half of a pair would be of no use any more.
            self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
            self._load(self)
        except OSError as error:
            log.error(
                "certificates were changed and cannot be used, going on with those before (%s): %s",
                ", ".join(map(str, self._files.files)),
                error,
            )
        else:
            log.info("certificates were read anew: %s", ", ".join(map(str, self._files.files)))

    def _load(self, context: ssl.SSLContext) -> None:
        files = self._files
        if files.ca is not None:
            context.load_verify_locations(files.ca)
        if files.certificate is not None:
            # Asked for by OpenSSL only where the key is locked; without an answer it would ask at the terminal.
            password = files.key_password.get_secret_value() if files.key_password else ""
            context.load_cert_chain(files.certificate, files.key, password)


def _stamp(files: TlsFiles) -> Stamp:
    return tuple((found.st_mtime_ns, found.st_size, found.st_ino) for found in (path.stat() for path in files.files))
