"""Alerts of the span: spikes, falls and silences."""

from collections.abc import Sequence

from sinks.dashboard.alerts import ShownAlert
from sinks.reports.model import Column, Row, Section, Table
from sinks.reports.sections.naming import MOST


def alerts_section(alerts: Sequence[ShownAlert]) -> Section:
    """Those that fired at some time of the span, the newest first."""
    shown = sorted(alerts, key=lambda alert: alert.fired_at, reverse=True)[:MOST]
    return Section(
        key="alerts",
        title="Alerts",
        blocks=(
            Table(
                key="alerts",
                title="What was not as usual",
                columns=(
                    Column(name="what", unit="text"),
                    Column(name="severity", unit="text"),
                    Column(name="since", unit="time"),
                    Column(name="until", unit="time"),
                    Column(name="tickets", unit="text"),
                ),
                rows=tuple(
                    Row(
                        values=(
                            each.summary,
                            each.severity,
                            each.started_at,
                            each.resolved_at,
                            ", ".join(each.tickets[:3]),
                        )
                    )
                    for each in shown
                ),
                empty="No series of windows was out of the usual.",
            ),
        ),
    )
