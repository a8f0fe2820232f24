"""What the figures of a report mean, in a sentence each. docs/analytics.md has the exact definitions."""

from typing import Final

from sinks.reports.model import Definition

DEFINITIONS: Final = (
    Definition(
        name="ticket", text="One in which something happened in the span: a message, a reply, a change, an escalation."
    ),
    Definition(name="customers' messages", text="Texts of customers that were scored; agents and bots do not count."),
    Definition(
        name="negative",
        text="Scored below 4 of 10; very negative below 2. A share is of customers' messages, and its interval takes "
        "the messages of one ticket for one.",
    ),
    Definition(name="escalated", text="Tickets for which a person was called, of all tickets of the span."),
    Definition(
        name="first reply, resolution",
        text="From a ticket's first event to an agent's first answer, and to its being resolved, for those that came "
        "in the span; half of them took no longer than the median.",
    ),
    Definition(name="rating", text="What customers gave, from 1 to 5."),
    Definition(
        name="before", text="The span of equal length just before. A change is marked when it is more than chance."
    ),
    Definition(
        name="95 % interval",
        text="Where the true figure lies in 95 of 100 cases: Wilson's for a share, Newcombe's for a change of shares.",
    ),
)
