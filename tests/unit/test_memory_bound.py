"""When a process takes more memory than it may."""

import logging
from threading import Event

import pytest

from streams.engine.memory_bound import MemoryBound, resident_bytes

WAIT = 120.0


def test_what_takes_more_than_it_may_is_stopped_once_and_the_log_says_why(caplog: pytest.LogCaptureFixture) -> None:
    outgrown = Event()
    bound = MemoryBound("tickets.events.v1", 1, outgrown.set)
    with caplog.at_level(logging.CRITICAL):
        bound.start()
        assert outgrown.wait(WAIT)
    assert bound.exceeded
    assert "tickets.events.v1: this process takes " in caplog.text
    assert "and may take 1; it stops in order and ends with code 76" in caplog.text
    bound.stop()


def test_what_takes_less_goes_on() -> None:
    outgrown = Event()
    bound = MemoryBound("tickets.events.v1", 1 << 20, outgrown.set)
    bound.start()
    # Longer than it takes to look twice.
    assert not outgrown.wait(2.5)
    bound.stop()
    assert not bound.exceeded


def test_the_kernel_counts_what_is_held() -> None:
    before = resident_bytes()
    held = bytearray(b"x") * (64 << 20)
    assert resident_bytes() - before > 60 << 20
    assert held[-1] == ord("x")
