"""What comes of asking a model."""

from typing import Generic, Literal, NamedTuple, TypeVar, get_args

Value = TypeVar("Value")

#: Why a text keeps its local reading.
Reason = Literal[
    "disabled", "no_words", "budget", "breaker_open", "timeout", "unavailable", "denied", "refused", "invalid_answer"
]
REASONS: tuple[Reason, ...] = get_args(Reason)
#: How one request ended.
Result = Literal["answered", "invalid", "refused", "timeout", "busy", "failed", "unreachable", "denied"]
RESULTS: tuple[Result, ...] = get_args(Result)


class Answered(NamedTuple, Generic[Value]):
    """A model's answer, checked. `model` is who it says that it is; tokens are 0 for what was known already."""

    value: Value
    model: str
    tokens_in: int = 0
    tokens_out: int = 0
    cost_micros: int = 0
    cached: bool = False


class NotAnswered(NamedTuple):
    """There is none; `detail` says more, in our words, and never holds a key or a customer's text."""

    reason: Reason
    detail: str = ""


class Failed(Exception):
    """A request that brought no answer. `again` says that another try may help, after `retry_after` seconds if the
    server says so. `spent` tells that the server may have worked for it. The message is in our words alone.
    """

    def __init__(
        self,
        result: Result,
        message: str,
        *,
        again: bool = False,
        retry_after: float | None = None,
        spent: bool = False,
    ) -> None:
        super().__init__(message)
        self.result: Result = result
        self.again = again
        self.retry_after = retry_after
        self.spent = spent


#: What is told of a text whose last request ended so.
REASON_OF: dict[Result, Reason] = {
    "invalid": "invalid_answer",
    "refused": "refused",
    "timeout": "timeout",
    "busy": "unavailable",
    "failed": "unavailable",
    "unreachable": "unavailable",
    "denied": "denied",
}
