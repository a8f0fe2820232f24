"""How agents do."""

from sinks.analytics.agents import Agents
from sinks.reports.model import Column, Row, Section, Table

# A team; of a larger one the page has everybody.
_MOST = 25
_NOTE = (
    "Quality is 0 to 1: a first reply within 2 h counts 0.2, a resolution within 24 h 0.2, a rating of 5 0.3, 70 % "
    "resolved at the first contact 0.3. Agents have different tickets: ask before you judge."
)


def agents_section(found: Agents) -> Section:
    """Each agent's tickets, times, rating and quality."""
    shown = found.agents[:_MOST]
    left_out = len(found.agents) - len(shown)
    return Section(
        key="agents",
        title="Agents",
        blocks=(
            Table(
                key="agents",
                title="Tickets in which an agent had a part",
                columns=(
                    Column(name="agent", unit="text"),
                    Column(name="tickets"),
                    Column(name="resolved", unit="share"),
                    Column(name="first reply", unit="seconds"),
                    Column(name="resolution", unit="seconds"),
                    Column(name="negative", unit="share"),
                    Column(name="rating", unit="points"),
                    Column(name="quality", unit="points"),
                ),
                rows=tuple(
                    Row(
                        values=(
                            each.value,
                            each.tickets,
                            each.resolution_rate,
                            each.first_response_avg,
                            each.resolution_avg,
                            each.negative_share,
                            each.satisfaction_avg,
                            each.quality,
                        ),
                        tickets=each.tickets_url,
                    )
                    for each in shown
                ),
                empty="No event of the span names an agent.",
                note=f"Times are means. {_NOTE}{f' {left_out:,} more agents are left out.' if left_out else ''}",
            ),
        ),
    )
