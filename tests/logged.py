"""What the product logs while a test runs."""

import logging

import pytest


def ours(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """The records of the product's own loggers. Others may tell at any moment of what an earlier test has left to the
    garbage collector.
    """
    return [record for record in caplog.records if record.name.partition(".")[0] in ("schemas", "sinks", "streams")]
