"""Messages to phones: to a team's, or to the customer's whom a notice is about."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Final

from apprise import NotifyType
from pydantic import SecretStr

from schemas.notifications import Notification
from sinks.notify.apprise_services import Service, Spoken, Threads
from sinks.notify.base import NotDelivered, Receipt
from sinks.notify.customers import acknowledged
from sinks.notify.targets import SmsTarget
from sinks.notify.wording import Wording

PHONE: Final = "{phone}"
# Between the digits of a number as people write it.
_BETWEEN: Final = re.compile(r"[ ()./-]+")
_NUMBER: Final = re.compile(r"\+?[0-9]{5,15}")
# Set aside for films and examples: rings nowhere.
_NOBODY: Final = "+12025550123"


class SmsProvider:
    """Messages of one target, each in the words of a template's `short`."""

    def __init__(self, target: SmsTarget, name: str, url: SecretStr, wording: Wording) -> None:
        """Raises ValueError, which does not show the address, for one without a place for the number, or that apprise
        cannot use.
        """
        self.name = name
        self._target = target
        self._url = url
        self._wording = wording
        if PHONE not in url.get_secret_value():
            raise ValueError(f"its url has no {PHONE}, where the number goes")
        self._to(_NOBODY)
        self._threads = Threads(name)

    async def deliver(self, notification: Notification) -> Receipt:
        """One message to each phone. That some were refused beside others that were not is told in the receipt: to send
        again would be a second message to the others. Raises NotDelivered.
        """
        numbers = self._numbers(notification)
        spoken = Spoken("", self._wording.words(notification, self._target.language).short, NotifyType.INFO)
        refused: list[NotDelivered] = []
        for number in numbers:
            try:
                await self._threads.run(partial(self._to(number).send, spoken, {}))
            except NotDelivered as error:
                refused.append(error)
            except ValueError:
                refused.append(NotDelivered("the service does not take the phone number", permanent=True))
        if len(refused) == len(numbers):
            raise NotDelivered(refused[0].reason, permanent=all(each.permanent for each in refused))
        return Receipt(reason=f"refused for {len(refused)} of {len(numbers)} phones" if refused else "")

    async def close(self) -> None:
        """Wait for nobody."""
        self._threads.close()

    def _to(self, number: str) -> Service:
        return Service(self._url.get_secret_value().replace(PHONE, number))

    def _numbers(self, notification: Notification) -> Sequence[str]:
        written = self._target.to
        if written == "customer":
            known = acknowledged(notification.notices).phone
            if known is None:
                raise NotDelivered("the customer's phone number is not known", permanent=True)
            written = (known,)
        numbers = [_BETWEEN.sub("", each.strip()) for each in written]
        if not all(map(_NUMBER.fullmatch, numbers)):
            raise NotDelivered("what is given as phone number is none", permanent=True)
        return numbers
