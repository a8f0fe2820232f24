"""Everything in one process, without Java and without a broker: `ticketpulse up --embedded`.

The same stages, partition tasks, sink, gateway and page as with Kafka, over the local log. For try-outs, laptops and
demonstrations: one process has one processor's speed, and nobody takes over when it dies; it goes on at the next start.
"""

from streams.embedded.process import run

__all__ = ["run"]
