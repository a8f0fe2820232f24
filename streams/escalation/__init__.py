"""When a person must look at a ticket now. Pure."""

from streams.escalation.helpdesk import decide

__all__ = ["decide"]
