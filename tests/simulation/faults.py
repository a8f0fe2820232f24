"""The faults that a schedule may have, and the named points at which a worker may die or stand still."""

from typing import Final, NamedTuple

# Where a partition's owner is, in the order in which it gets there. `written` points are in the log: what was asked has
# happened, and the answer is on its way.
POINTS: Final = (
    "take-over.before",
    "take-over.written",
    "take-over.after",
    "seek.before",
    "seek.after",
    "stage.before",
    "stage.after",
    "commit.before",
    "commit.written",
    "commit.after",
    "progress.told",
    "release.before",
)

# What the log may do with a request: never see it, see it when it was given up, or do it and lose the answer.
REQUEST_FAULTS: Final = ("refused", "swallowed", "delayed", "answer lost", "answer late", "unanswered")
# What the way from the log to a worker may do with a chunk of records.
CHUNK_FAULTS: Final = ("lost", "repeated", "late", "reordered")
# What strikes a stage at a time.
TIMED_FAULTS: Final = ("rebalance", "join", "leave", "crash", "pause")


class Fault(NamedTuple):
    """Something that goes wrong.

    At a time: `kind` is one of TIMED_FAULTS, and `at` in seconds; or "clock", which moves the wall clock by `seconds`.
    At a point: `kind` is "crash" or "pause", `point` one of POINTS or "step", and it strikes whoever of the stage gets
    there as the `nth`. At a request ("commit", "take-over", "seek") or a "chunk", the `nth` of the stage: one of the
    faults above; at an "end" it is "unknown". A pause, and what is late, takes `seconds`.
    """

    kind: str
    stage: str = ""
    at: float = 0.0
    point: str = ""
    nth: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        takes = f" for {self.seconds:.2f} s" if self.seconds else ""
        if self.kind == "clock":
            return f"at {self.at:.2f} s the wall clock moves by {self.seconds:+.1f} s"
        if not self.point:
            return f"at {self.at:.2f} s: {self.kind} of {self.stage}{takes}"
        return f"{self.stage}: {self.kind} at {self.point} number {self.nth}{takes}"
