"""What of a schedule is done, and the reports themselves, in a folder: what survives a restart."""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from schemas.whole_files import write_whole
from sinks.reports.model import Report

DONE: Final = "schedule.json"
LOCK: Final = "schedule.lock"


class NotReadable(ValueError):
    """The file that says what is done cannot be read. The message says what to do."""


class Folder:
    """A folder of reports, made if it is missing. Raises OSError where it cannot be made or written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def owned(self) -> Iterator[bool]:
        """Whether it is ours: one process at a time makes the reports of a folder."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / LOCK).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def done(self) -> Mapping[str, datetime]:
        """For each schedule of a tenant the last due time that is done with. Raises NotReadable."""
        file = self.path / DONE
        try:
            told = json.loads(file.read_bytes())
            return {name: datetime.fromisoformat(at).astimezone(UTC) for name, at in told.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, AttributeError, TypeError) as error:
            raise NotReadable(
                f"{file} does not say which reports are made ({error}): mend it, or remove it; then nothing is made up"
            ) from error

    def note(self, name: str, due: datetime) -> None:
        """This due time is done with."""
        done = {**self.done(), name: due}
        told = {each: at.astimezone(UTC).isoformat() for each, at in sorted(done.items())}
        write_whole(self.path / DONE, (json.dumps(told, indent=2) + "\n").encode())

    def keep(self, report: Report, form: str, written: str) -> Path:
        """A report in one format; made again, it takes the place of the first."""
        file = self.path / file_name(report, form)
        self.path.mkdir(parents=True, exist_ok=True)
        write_whole(file, written.encode())
        return file


def file_name(report: Report, form: str) -> str:
    """As in report-shop-2026-11-09-2026-11-16-5d0c2b1e.html: two schedules of one span are told apart."""
    return f"report-{report.tenant}-{report.begin:%Y-%m-%d}-{report.end:%Y-%m-%d}-{report.report_id[:8]}.{form}"
