"""What a provider is: the way to one kind of target."""

from typing import NamedTuple, Protocol

from schemas.notifications import Notification


class Receipt(NamedTuple):
    """A provider has taken it over. `reference` is how it calls what it took, if it says. `reason` tells the ledger
    what of it did not get through although the rest did, without address and words; mostly it is empty.
    """

    reference: str | None = None
    reason: str = ""


class NotDelivered(Exception):
    """It was not taken over. `permanent` says that to try again is no use; `retry_after` is what the provider asks for,
    in seconds. The reason names no address, no secret and nobody's words: people read it in the ledger. `reference` is
    by what people find it until the provider has taken it.
    """

    def __init__(
        self, reason: str, *, permanent: bool = False, retry_after: float | None = None, reference: str | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.retry_after = retry_after
        self.reference = reference


class Provider(Protocol):
    """Delivers to one target. Many deliveries may run at once.

    A notification may come twice (a crash between the provider's answer and the ledger): what can be told apart by an
    id goes out under the same one, `notification_id` or `message_id`.
    """

    name: str

    async def deliver(self, notification: Notification) -> Receipt:
        """Send what its `notices` say. Raises NotDelivered; whoever calls bounds the time."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
