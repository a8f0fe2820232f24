"""Keyed hashes of what tells who somebody is. Who has no key can neither make one nor try values against one."""

import hmac
import re
from collections.abc import Sequence
from typing import Final, Literal

#: What a hash is of. A value has another hash as another kind, and in another tenant.
Who = Literal["customer", "ticket", "email", "phone", "value"]
KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,24}")
_SHORTEST: Final = 16
_HASH_BYTES: Final = 16


class Keys:
    """Secrets by their ids. The first is in force: new hashes are made with it. The others are still known, so that
    what was hashed with them can be linked; whoever drops one can never do so again.
    """

    def __init__(self, secrets: Sequence[tuple[str, bytes]] = ()) -> None:
        self._secrets = dict(secrets)
        self.ids: Sequence[str] = tuple(self._secrets)

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def __contains__(self, key_id: str) -> bool:
        return key_id in self._secrets

    @property
    def in_force(self) -> str:
        """The id of the key that new hashes are made with. Raises IndexError without keys."""
        return self.ids[0]

    def hash(self, who: Who, tenant: str, value: str, key_id: str | None = None) -> str:
        """`<key id>.<32 hexadecimal digits>`: HMAC-SHA256, cut to 128 bits, of the value in its usual spelling."""
        used = self.in_force if key_id is None else key_id
        message = f"{who}\0{tenant}\0{spelt(who, value)}".encode("utf-8", "surrogatepass")
        return f"{used}.{hmac.digest(self._secrets[used], message, 'sha256')[:_HASH_BYTES].hex()}"


NO_KEYS: Final = Keys()


def parse_keys(text: str) -> Keys:
    """Keys as `id:secret`, separated by commas or blanks, the one in force first. Raises ValueError, with no secret."""
    secrets: list[tuple[str, bytes]] = []
    for number, each in enumerate(re.split(r"[,\s]+", text.strip()), 1) if text.strip() else ():
        key_id, colon, secret = each.partition(":")
        if not colon or not KEY_ID.fullmatch(key_id):
            raise ValueError(f"key {number}: wanted id:secret, with an id of letters, digits, _ and -")
        if len(secret.encode()) < _SHORTEST:
            raise ValueError(f"key {key_id}: a secret has {_SHORTEST} bytes at least")
        if key_id in dict(secrets):
            raise ValueError(f"key {key_id} is given twice")
        secrets.append((key_id, secret.encode()))
    return Keys(secrets)


def key_id_of(hashed: str) -> str:
    """The id of the key that a hash was made with."""
    return hashed.rpartition(".")[0]


def spelt(who: Who, value: str) -> str:
    """A value as it is hashed: addresses without regard to case, telephone numbers without what is between digits."""
    if who == "email":
        return value.strip().casefold()
    if who == "phone":
        return "".join(filter(str.isdigit, value))
    return value
