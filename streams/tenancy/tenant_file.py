"""The file of tenants: who may send how much, and who has series of their own. Read anew when it changes."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from schemas.toml_files import FileError, read_model

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 2.0
# Where a quota says nothing of bursts: so many seconds of its rate. Of bytes fewer, because ten seconds of long texts
# are more than a second of scoring, which all others would wait for.
BURST_SECONDS: Final = 10
BYTES_BURST_SECONDS: Final = 2
# Where a quota says how many events but not how many bytes: so many for each event, as they stand in the log. Messages
# with all their fields are seldom longer, and what one costs grows with its bytes (docs/tenancy.md).
EVENT_BYTES: Final = 2_000

TenantId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\-]{1,64}$")]
Rate = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=10**12)]


class Rated(NamedTuple):
    """So many a second, 0 for no limit, and so many at once."""

    rate: float
    at_once: float


def _rated(rate: float, burst: int | None, seconds: int) -> Rated:
    return Rated(rate, float(burst or max(1.0, rate * seconds)))


class Quota(BaseModel):
    """What a tenant may send; 0 is no limit. `burst` events and `bytes_burst` bytes may come at once, ten and two
    seconds of the rate unless set. Bytes are those of an event as it goes to the log; where nothing is said of them by
    the second, EVENT_BYTES for each event that may come.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    events_per_second: Rate = 0.0
    burst: Annotated[int, Field(ge=1, le=10**9)] | None = None
    events_per_day: Count = 0
    bytes_per_second: Annotated[float, Field(ge=0, le=10**12, allow_inf_nan=False)] | None = None
    bytes_burst: Annotated[int, Field(ge=1, le=10**15)] | None = None
    bytes_per_day: Annotated[int, Field(ge=0, le=10**15)] = 0

    @property
    def rates(self) -> tuple[Rated, Rated]:
        """What may come by the second: events, bytes."""
        of_bytes = self.events_per_second * EVENT_BYTES if self.bytes_per_second is None else self.bytes_per_second
        return (
            _rated(self.events_per_second, self.burst, BURST_SECONDS),
            _rated(of_bytes, self.bytes_burst, BYTES_BURST_SECONDS),
        )


class _Shown(BaseModel):
    """Whose series there are: of those with a table and of `own` always, of all others of the first `most` that come;
    the rest is `other`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    own: tuple[TenantId, ...] = ()
    most: Annotated[int, Field(ge=0, le=1_000)] = 20


class TenantFile(BaseModel):
    """What `tenants.toml` holds. What a tenant's own table leaves out is as in `default`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: Quota = Quota()
    tenants: Annotated[Mapping[TenantId, Quota], Field(max_length=1_000)] = {}
    metrics: _Shown = _Shown()

    def quota(self, tenant: str) -> Quota:
        """That of a tenant."""
        own = self.tenants.get(tenant)
        if own is None:
            return self.default
        return self.default.model_copy(update=own.model_dump(exclude_unset=True))

    @property
    def labelled(self) -> frozenset[str]:
        """Those that always have series of their own."""
        return frozenset((*self.tenants, *self.metrics.own))


class FollowedTenants:
    """The file in force. `seconds` never goes back. Who asks makes it look at the file every two seconds; one that
    cannot be read is told in the log, and what was in force stays so. `adopt` gets each that comes into force.
    """

    def __init__(self, file: Path, seconds: Callable[[], float], adopt: Callable[[TenantFile], None]) -> None:
        """Raises FileError for a file that cannot be read now."""
        self._file = file
        self._seconds = seconds
        # Before it is read: a change in between is seen.
        self._seen = _state(file)
        self._current = read_model(file, TenantFile)
        self._adopt = adopt
        self._next_look = seconds() + LOOK_SECONDS
        adopt(self._current)

    def current(self) -> TenantFile:
        """What is in force now."""
        if self._seconds() >= self._next_look:
            self._next_look = self._seconds() + LOOK_SECONDS
            self._look()
        return self._current

    def _look(self) -> None:
        state = _state(self._file)
        if state == self._seen:
            return
        self._seen = state
        try:
            self._current = read_model(self._file, TenantFile)
        except FileError as error:
            log.error("the quotas before stay in force, because the new ones are wrong:\n%s", error)
        else:
            log.info("quotas in force: %s", self._file)
            self._adopt(self._current)


class _State(NamedTuple):
    changed: int
    size: int
    number: int


def _state(file: Path) -> _State | None:
    try:
        about = file.stat()
    except OSError:
        return None
    return _State(about.st_mtime_ns, about.st_size, about.st_ino)
