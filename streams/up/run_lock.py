"""One supervisor for each folder: two would fight over the ports and over the embedded database."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunning(Exception):
    """Another process holds the folder; `holder` is what it told about itself, its pid included."""

    def __init__(self, holder: Mapping[str, object]) -> None:
        super().__init__("already running: " + ", ".join(f"{name} {value}" for name, value in holder.items()))
        self.holder = holder


@contextmanager
def only_one(folder: Path, **about: object) -> Iterator[None]:
    """Hold the folder for this process, and tell others `about` it in `run.json` beside the pid.

    The kernel lets the folder go when the process ends, however that happens. Raises AlreadyRunning.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "run.json").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise AlreadyRunning(json.loads(file.read() or "{}")) from None
        file.truncate(0)
        json.dump({"pid": os.getpid(), **about}, file)
        file.flush()
        yield
