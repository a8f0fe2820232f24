"""What people give on the command line, checked before it is used."""

from datetime import UTC, datetime

from streams.commands.failure import USAGE, Failure


def tenant_of(told: str | None) -> str | None:
    """A tenant's name, None for all of them. Raises Failure for what can be no name."""
    import msgspec

    from schemas.events import Tenant

    try:
        return msgspec.convert(told, Tenant | None)
    except msgspec.ValidationError:
        raise Failure(f"--tenant {told}: 1 to 64 letters, digits and . _ -", USAGE) from None


def time_of(option: str, told: str | None) -> datetime | None:
    """A time without an offset is UTC."""
    if told is None:
        return None
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        raise Failure(f"{option} {told}: no time; wanted: 2026-11-01, or 2026-11-01T09:30:00Z", USAGE) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
