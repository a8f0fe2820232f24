"""Channels and categories, closer: any choice of both, with the spread of scores, moods, and what it is about."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.models.units import PercentUnit, Short

from deploy.grafana.generate.board import board, with_panels
from deploy.grafana.generate.links import CHANNEL, cell, to_conversation, to_tickets
from deploy.grafana.generate.panels import figure, rows, series
from deploy.grafana.generate.queries import CUSTOMERS_TEXT, FILTERS, Sql

_TEXTS: Final = f"""FROM events_by_time_now
WHERE {FILTERS}
    AND $__timeFilter_ms(occurred_at) AND {CUSTOMERS_TEXT}"""
_FIGURES: Final = f"""
SELECT
    count() AS texts,
    countIf(label IN ('very_negative', 'negative')) / nullIf(count(), 0) AS "negative share",
    avg(score) AS "average score"
{_TEXTS}
"""
_LABELS: Final = f"""
SELECT $__timeInterval(occurred_at) AS time, toString(label) AS feeling, count() AS texts
{_TEXTS}
GROUP BY time, feeling
ORDER BY time, feeling
"""
_SPREAD: Final = f"""
SELECT time, points[1] AS "worst tenth below", points[2] AS median, points[3] AS "best tenth above"
FROM
(
    SELECT $__timeInterval(occurred_at) AS time, quantiles(0.1, 0.5, 0.9)(toFloat32(score)) AS points
    {_TEXTS}
    GROUP BY time
)
ORDER BY time
"""
_HOURS: Final = f"""
SELECT formatDateTime(toStartOfHour(occurred_at), '%H:00') AS "hour (UTC)", count() AS texts,
    countIf(label IN ('very_negative', 'negative')) / count() AS "negative share", avg(score) AS "average score"
{_TEXTS}
GROUP BY "hour (UTC)"
ORDER BY "hour (UTC)"
"""
_WORST: Final = f"""
SELECT occurred_at AS time, ticket_id AS ticket, channel, category, subcategory, priority, urgency, emotion, score
{_TEXTS}
ORDER BY score, occurred_at DESC
LIMIT 50
"""
_SHARES: Final = {"negative share": PercentUnit}


def channel() -> Dashboard:
    """The drill-down: everything on it follows channel and category."""
    feeling = "${__field.labels.feeling}"
    return with_panels(
        board(CHANNEL, "channels and categories", "A closer look: choose channels, categories or both."),
        [
            _figure("Texts", "texts", Short),
            _figure("Negative share", "negative share", PercentUnit),
            _figure("Average score", "average score", Short),
            rows("Emotions", _grouped("emotion", "Emotion"), units=_SHARES, width=12, height=4),
            series(
                "How customers feel",
                Sql(_LABELS, series=True),
                stacked=True,
                name=feeling,
                links=[to_tickets(label=feeling)],
            ),
            series(
                "Spread of scores",
                Sql(_SPREAD, series=True),
                description="A tenth of the texts score below the first line, a tenth above the last.",
            ),
            _values("Categories", "category"),
            _values("Channels", "channel"),
            rows("Subcategories", _grouped("subcategory", "Subcategory"), units=_SHARES),
            rows("Urgency", _grouped("urgency", "Urgency"), units=_SHARES),
            rows("Journey stages", _grouped("journey_stage", "Stage"), units=_SHARES),
            rows("Hours of the day", Sql(_HOURS), units=_SHARES),
            rows("Worst messages", Sql(_WORST), cells={"ticket": to_conversation()}, width=24),
        ],
    )


def _figure(title: str, column: str, unit: str) -> Stat:
    return figure(title, Sql(f'SELECT "{column}" FROM ({_FIGURES})'), unit=unit)


def _values(title: str, column: str) -> Table:
    """A dimension that the table of tickets can be narrowed by."""
    named = column.capitalize()
    ways = [to_tickets(**{column: cell(named)})]
    return rows(title, _grouped(column, named), units=_SHARES, cells={named: ways})


def _grouped(column: str, named: str) -> Sql:
    return Sql(f"""
SELECT toString({column}) AS "{named}", count() AS texts,
    countIf(label IN ('very_negative', 'negative')) / count() AS "negative share", avg(score) AS "average score"
{_TEXTS}
GROUP BY 1
ORDER BY texts DESC
LIMIT 50
""")
