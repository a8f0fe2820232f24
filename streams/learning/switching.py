"""Which model does what, changed: explicit, reversible, one at a time, and noted.

`in-force.toml` says what is; `in-force-history.jsonl` beside it how it came about, a line for each change. A promotion
is noted before it is done and a rollback after, so whatever is cut off in between, the newest line that was not undone
either led to what is in force, or never happened.
"""

import os
import re
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from schemas.scored import LABELS
from schemas.whole_files import alone_in
from streams.learning.card import Kind, ModelCard
from streams.learning.in_force import InForce
from streams.learning.shelf import Shelf

HISTORY_FILE: Final = "in-force-history.jsonl"
# What windows and rows can have as a value. People cannot correct to a name longer than `schemas.corrections` allows.
_CATEGORY: Final = re.compile(r"\S([^\n]{0,98}\S)?")
Action = Literal["promote", "rollback", "challenge"]


class NotSwitched(Exception):
    """Nothing was changed; the message says why, and what to do."""


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One change: of a champion, or of a challenger (`challenge`). `tenant` is empty for the table of all; a version is
    None where no model did it, or none does it now.
    """

    at: datetime
    by: str
    action: Action
    kind: Kind
    tenant: str = ""
    before: str | None = None
    after: str | None = None

    @property
    def target(self) -> str:
        """What it was done to, for the audit."""
        return f"{self.kind} of {self.tenant or 'all'}"

    @property
    def words(self) -> str:
        """From what to what."""
        return f"{self.before or 'no model'} → {self.after or 'no model'}"


def promote(shelf: Shelf, card: ModelCard, tenant: str, at: datetime, by: str) -> Change:
    """Let a model do what its kind does, for a tenant or ("") for all that have no table of their own. Raises
    NotSwitched where it does not fit or does it already, FileError and OSError.
    """
    check_fits(card, tenant)
    with alone_in(shelf.folder):
        in_force = shelf.in_force()
        before = _champion(in_force, tenant, card.kind)
        if before == card.version:
            raise NotSwitched(f"{card.kind} {card.version} is in force for {tenant or 'all'} already")
        change = Change(
            at=at, by=by, action="promote", kind=card.kind, tenant=tenant, before=before, after=card.version
        )
        after = in_force.with_champion(tenant, card.kind, card.version)
        if _challenger(in_force, tenant, card.kind) == card.version:
            # Beside itself it would tell nothing.
            after = after.with_challenger(tenant, card.kind, None)
        _note(shelf.folder, change)
        shelf.write_in_force(after)
    return change


def challenge(shelf: Shelf, card: ModelCard | None, kind: Kind, tenant: str, at: datetime, by: str) -> Change:
    """Run a model beside the one in force, or none any more. Raises as `promote` does."""
    if card is not None:
        check_fits(card, tenant)
    with alone_in(shelf.folder):
        in_force = shelf.in_force()
        before, after = _challenger(in_force, tenant, kind), card.version if card else None
        if before == after:
            raise NotSwitched(
                f"{kind}: {after or 'no model'} runs beside the one in force for {tenant or 'all'} already"
            )
        if after is not None and in_force.champion(tenant, kind) == after:
            raise NotSwitched(f"{kind} {after} is in force for {tenant or 'all'}: beside itself it would tell nothing")
        change = Change(at=at, by=by, action="challenge", kind=kind, tenant=tenant, before=before, after=after)
        _note(shelf.folder, change)
        shelf.write_in_force(in_force.with_challenger(tenant, kind, after))
    return change


def rollback(shelf: Shelf, kind: Kind, tenant: str, at: datetime, by: str) -> Change:
    """Put back what was in force before the newest promotion that was not rolled back. Raises NotSwitched where there
    is none, the file was changed by hand since, or what was before cannot be read any more; FileError and OSError.
    """
    with alone_in(shelf.folder):
        in_force = shelf.in_force()
        now = _champion(in_force, tenant, kind)
        undone = _newest(shelf.folder, kind, tenant, now)
        if undone.before is not None:
            _check_readable(shelf, kind, undone.before)
        change = Change(at=at, by=by, action="rollback", kind=kind, tenant=tenant, before=now, after=undone.before)
        shelf.write_in_force(in_force.with_champion(tenant, kind, undone.before))
        _note(shelf.folder, change)
    return change


def history(folder: Path) -> list[Change]:
    """All changes, the oldest first; a line that was cut off by a crash is none. Raises OSError."""
    file = folder / HISTORY_FILE
    if not file.exists():
        return []
    found = []
    for line in file.read_bytes().splitlines():
        try:
            found.append(msgspec.json.decode(line, type=Change))
        except msgspec.MsgspecError:
            continue
    return found


def check_fits(card: ModelCard, tenant: str) -> None:
    """Raises NotSwitched for a model that cannot do its kind's work for a tenant."""
    what = f"{card.kind} {card.version}"
    if card.tenant and card.tenant != tenant:
        raise NotSwitched(f"{what} learned from tickets of {card.tenant} and is theirs: add --tenant {card.tenant}")
    if len(card.classes) < 2 and card.kind in ("sentiment", "category"):
        raise NotSwitched(f"{what} knows {len(card.classes)} classes; two at least can be told apart")
    wrong = [name for name in card.classes if not _is_class(card.kind, name)]
    if wrong:
        raise NotSwitched(f"{what} tells classes that {card.kind} does not have: {', '.join(wrong[:5])}")


def _is_class(kind: Kind, name: str) -> bool:
    if kind == "sentiment":
        return name in LABELS
    return kind != "category" or _CATEGORY.fullmatch(name) is not None


def _check_readable(shelf: Shelf, kind: Kind, version: str) -> None:
    from streams.learning.signed import BadModel  # noqa: PLC0415

    try:
        shelf.load(kind, version)
    except BadModel as error:
        raise NotSwitched(f"what was in force before cannot be: {error}") from None


def _newest(folder: Path, kind: Kind, tenant: str, now: str | None) -> Change:
    """The promotion that led to what is in force now."""
    done: list[Change] = []
    for change in history(folder):
        if (change.kind, change.tenant) != (kind, tenant):
            continue
        if change.action == "promote":
            done.append(change)
        elif change.action == "rollback" and done:
            done.pop()
    newest = done[-1] if done else None
    while done and done[-1].after != now:
        # Noted and never done, or undone and not noted: a process ended in between.
        done.pop()
    if done:
        return done[-1]
    whose = tenant or "all"
    if newest is None or now is None:
        raise NotSwitched(f"{kind}: there is no promotion for {whose} to be rolled back")
    raise NotSwitched(
        f"{kind}: in-force.toml was changed by hand since the last promotion for {whose} ({newest.words}): "
        "promote the version that is wanted"
    )


def _champion(in_force: InForce, tenant: str, kind: Kind) -> str | None:
    """What the very table says, not what a tenant gets by default."""
    if not tenant:
        return in_force.default.of(kind)
    own = in_force.tenants.get(tenant)
    return own.of(kind) if own else None


def _challenger(in_force: InForce, tenant: str, kind: Kind) -> str | None:
    if not tenant:
        return in_force.default.challenger.of(kind)
    own = in_force.tenants.get(tenant)
    return own.challenger.of(kind) if own else None


def _note(folder: Path, change: Change) -> None:
    file = folder / HISTORY_FILE
    line = msgspec.json.encode(change) + b"\n"
    if file.exists() and file.read_bytes()[-1:] not in (b"", b"\n"):
        # A line that was cut off stays one by itself.
        line = b"\n" + line
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, line)
        os.fsync(handle)
    finally:
        os.close(handle)
