"""Dovecot, a real IMAP server, which a test can stop and start again on its data.

It listens on 127.0.0.1. Started by root it gives its processes the rights of the users that Debian's package has made;
by anybody else everything runs as that user, so no rights are needed.
"""

import getpass
import grp
import imaplib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from streams.up.processes import free_port, last_lines, tied
from tests.servers.certificate import certify

USER, PASSWORD = "support@shop.example", "s3cret of the mailbox"

_START_SECONDS = 180.0
_POLL_SECONDS = 0.02

_CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
mail_location = maildir:{folder}/mail/%u
mail_uid = {owner}
mail_gid = {owner_group}
first_valid_uid = 1
first_valid_gid = 1
disable_plaintext_auth = no
auth_mechanisms = plain
auth_failure_delay = 0
imap_capability = {capability}
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner_group} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


class Dovecot:
    """A server with one user, in a folder of its own: other users have to get at it, which those of pytest do not let.
    Its ports stay the same from start to start. It dies with its parent.

    `capability` is what it says it can do, if not all that it can.
    """

    def __init__(self, *, capability: str = "") -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self._folder.chmod(0o755)
        self.port, self.tls_port = free_port(), free_port()
        self.capability = capability
        self._process: subprocess.Popen[bytes] | None = None
        self.certificate = certify(self._folder).file
        self.set_password(PASSWORD)

    def set_password(self, password: str) -> None:
        """From the next login on."""
        (self._folder / "users").write_text(f"{USER}:{{PLAIN}}{password}\n", encoding="utf-8")

    def start(self) -> None:
        """Start it and wait until it answers."""
        program = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
        assert program, "dovecot not found: `scripts/setup --with-dovecot` installs it, or says what to do"
        config = self._folder / "dovecot.conf"
        config.write_text(self._config(), encoding="utf-8")
        self._process = subprocess.Popen(tied([program, "-F", "-c", str(config)]))
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"dovecot does not answer on port {self.port}; {last_lines(self._folder / 'log')}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """End it in order, and its sessions with it. Does nothing when it does not run."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(120)
            self._process = None

    def remove(self) -> None:
        """End it, and remove its data."""
        self.stop()
        shutil.rmtree(self._folder)

    @contextmanager
    def client(self) -> Iterator[imaplib.IMAP4]:
        """A session of the user, whatever the password is now."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=30) as client:
            client.login(USER, PASSWORD)
            yield client

    def _config(self) -> str:
        user = getpass.getuser()
        group = grp.getgrgid(os.getgid()).gr_name
        of_us = {"internal": user, "internal_group": group, "login": user, "owner": user, "owner_group": group}
        others = {"internal": "dovecot", "internal_group": "dovecot", "login": "dovenull"}
        is_root = os.geteuid() == 0
        if is_root:
            (self._folder / "mail").mkdir(exist_ok=True)
            shutil.chown(self._folder / "mail", "nobody", "nogroup")
        return _CONFIG.format(
            folder=self._folder,
            port=self.port,
            tls_port=self.tls_port,
            capability=self.capability,
            **(others | {"owner": "nobody", "owner_group": "nogroup"} if is_root else of_us),
        )

    def _answers(self) -> bool:
        with suppress(OSError, imaplib.IMAP4.error), imaplib.IMAP4("127.0.0.1", self.port, timeout=5) as client:
            return client.welcome.startswith(b"* OK")
        return False
