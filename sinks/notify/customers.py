"""What may be sent to a customer: one acknowledgement or one automatic answer, to its own customer, and nothing that is
written for teams.
"""

from collections.abc import Sequence

from schemas.notices import Acknowledged, Notice
from sinks.notify.base import NotDelivered


def acknowledged(notices: Sequence[Notice]) -> Acknowledged:
    """The one acknowledgement, or the answer, which is one too. Raises NotDelivered for anything else, whatever was
    planned: a team's words show scores and notes, and a digest shows other customers'.
    """
    match tuple(notices):
        case (Acknowledged() as one,):
            return one
    said = "customers are told that their words have come, and what a help article says, and nothing else"
    raise NotDelivered(said, permanent=True)
