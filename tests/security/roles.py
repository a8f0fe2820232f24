"""The engine with the rights of one of the users of deploy/clickhouse/users.sql, and no others.

The embedded engine knows one user, `default`, but takes its rights from a configuration: those of the file's GRANTs.
"""

import re
from pathlib import Path
from typing import NamedTuple

from sinks.clickhouse.migrations import split

USERS_SQL = Path(__file__).parents[2] / "deploy" / "clickhouse" / "users.sql"
_GRANT = re.compile(r"GRANT (?P<rights>.+) ON (?P<on>\S+) TO (?P<user>\w+)")
_USER = re.compile(r"CREATE USER IF NOT EXISTS (?P<user>\w+) .*?(SETTINGS readonly = (?P<readonly>\d))?$", re.DOTALL)
# What the tests' server needs for itself: rows come to the engine in a file.
_TRANSPORT = ("GRANT FILE ON *.*", "GRANT CREATE TEMPORARY TABLE ON *.*")


class Role(NamedTuple):
    """A user of the file: what is granted, and the setting `readonly`."""

    grants: tuple[str, ...]
    readonly: int


def statements() -> list[str]:
    """Those of the file, as an administrator runs them."""
    return list(split(USERS_SQL.read_text()))


def roles() -> dict[str, Role]:
    """The users of the file."""
    found: dict[str, Role] = {}
    for statement in statements():
        if user := _USER.match(statement):
            found[user["user"]] = Role((), int(user["readonly"] or 0))
        elif grant := _GRANT.fullmatch(statement):
            role = found[grant["user"]]
            on = grant["on"].replace(grant["user"], "default")
            found[grant["user"]] = role._replace(grants=(*role.grants, f"GRANT {grant['rights']} ON {on}"))
    return found


def configure(folder: Path, role: Role) -> Path:
    """Write a configuration by which `default` is of that role; its file."""
    folder.mkdir()
    users, config = folder / "users.xml", folder / "config.xml"
    queries = "".join(f"<query>{grant}</query>" for grant in (*role.grants, *_TRANSPORT))
    users.write_text(
        f"<clickhouse><profiles><default><readonly>{role.readonly}</readonly></default></profiles>"
        "<quotas><default/></quotas><users><default><password></password><networks><ip>::/0</ip></networks>"
        f"<profile>default</profile><quota>default</quota><grants>{queries}</grants></default></users></clickhouse>"
    )
    config.write_text(f"<clickhouse><users_config>{users}</users_config></clickhouse>")
    return config
