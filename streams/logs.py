"""Log lines of every process: JSON for machines, plain for a terminal. Never a customer's words."""

import logging
import sys

import structlog

# At INFO it tells every coordinator it finds, once for each partition's producer.
_CHATTY = ("aiokafka", "faust", "mode", "httpx2")
# While a broker is away its clients try again every few milliseconds and tell of each attempt.
_REPETITIVE = "aiokafka"
_ONCE_IN_SECONDS = 10.0
_MOST_MESSAGES = 1_000


class Repetitions(logging.Filter):
    """Lets a message of the Kafka client through once in ten seconds, whatever it is filled in with, and says then how
    many like it were left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[tuple[str, object], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] != _REPETITIVE:
            return True
        message = record.name, record.msg
        if message not in self._told and len(self._told) >= _MOST_MESSAGES:
            self._told.clear()
        told, left_out = self._told.get(message, (float("-inf"), 0))
        if record.created - told < _ONCE_IN_SECONDS:
            self._told[message] = told, left_out + 1
            return False
        self._told[message] = record.created, 0
        if left_out:
            record.msg = f"{record.getMessage()} (and {left_out} like it in the {record.created - told:.0f} s before)"
            record.args = None
        return True


def configure_logs(level: int = logging.INFO) -> None:
    """Send all logging to stderr, one line an entry."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    terminal = sys.stderr.isatty()
    renderer: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if terminal
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    handler.addFilter(Repetitions())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
