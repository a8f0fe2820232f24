"""How customers feel now, and compared with before; read from the windows, so that a month costs no more than a day."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.models.units import PercentUnit, Seconds

from deploy.grafana.generate.board import board, with_panels
from deploy.grafana.generate.links import OVERVIEW, cell, to_channel, to_conversation, to_tickets
from deploy.grafana.generate.panels import figure, rows, series
from deploy.grafana.generate.queries import (
    CUSTOMERS_TEXT,
    FILTERS,
    OF_TENANT,
    SIZE_OF_SPAN,
    SIZE_OF_STEP,
    Sql,
    chosen,
    quantile,
)

_OVERALL: Final = f"{OF_TENANT} AND dimension = 'overall' AND $__timeFilter(start)"
_PER_CENT: Final = dict.fromkeys(("change", "negative share", "negative share before", "escalation rate"), PercentUnit)
_UNHAPPY: Final = ("very_negative", "negative")
_BY_CHANNEL: Final = f"""
SELECT $__timeInterval(start) AS time, value AS channel, sum(w.events) AS events
FROM windows_now AS w
WHERE {OF_TENANT} AND dimension = 'channel' AND {chosen("channel", "value")} AND $__timeFilter(start) AND {SIZE_OF_STEP}
GROUP BY time, channel
ORDER BY time, channel
"""
_WORST: Final = f"""
SELECT occurred_at AS time, ticket_id AS ticket, channel, category, priority, emotion, score, label
FROM events_by_time_now
WHERE {FILTERS}
    AND $__timeFilter_ms(occurred_at) AND {CUSTOMERS_TEXT}
ORDER BY score, occurred_at DESC
LIMIT 20
"""
_WAITS: Final = f"""
SELECT time, {quantile("responses", 0.5)} AS "first reply", {quantile("resolutions", 0.5)} AS resolution
FROM
(
    SELECT
        $__timeInterval(start) AS time,
        sumMap(w.response_times) AS responses,
        sumMap(w.resolution_times) AS resolutions
    FROM windows_now AS w
    WHERE {_OVERALL} AND {SIZE_OF_STEP}
    GROUP BY time
)
ORDER BY time
"""
_EMOTIONS: Final = f"""
SELECT $__timeInterval(start) AS time, emotion, sum(texts) AS texts
FROM windows_now AS w
ARRAY JOIN mapKeys(w.emotions) AS emotion, mapValues(w.emotions) AS texts
WHERE {_OVERALL} AND {SIZE_OF_STEP}
GROUP BY time, emotion
ORDER BY time, emotion
"""


def overview() -> Dashboard:
    """The whole of a tenant; the panels by channel and by category follow those variables."""
    unhappy = to_tickets("Unhappy tickets", label=_UNHAPPY)
    one_channel = "${__field.labels.channel}"
    return with_panels(
        board(OVERVIEW, "overview", "How customers feel, and what it is about: everything of a tenant."),
        [
            figure("Events", _total("sum(w.events) AS events"), description="Everything that happened to tickets."),
            figure("Texts", _total("sum(w.scored) AS texts"), description="Customers' texts that were scored."),
            figure(
                "Negative share",
                _total("sum(w.very_negative + w.negative) / nullIf(sum(w.scored), 0) AS share"),
                unit=PercentUnit,
                links=[unhappy],
            ),
            figure(
                "Average score",
                _total("sum(w.score_sum) / 100 / nullIf(sum(w.scored), 0) AS score"),
                description="From 0 to 10.",
            ),
            figure(
                "Escalation rate",
                _total("sum(w.escalations) / nullIf(sum(w.scored), 0) AS rate"),
                unit=PercentUnit,
                description="Escalations for each text.",
            ),
            figure(
                "Satisfaction",
                _total("sum(w.satisfaction) / nullIf(sum(w.ratings), 0) AS stars"),
                description="From 1 to 5, as customers rated.",
            ),
            series(
                "How customers feel",
                _over_time(*(f"sum(w.{label}) AS {label}" for label in _LABELS)),
                stacked=True,
                links=[to_tickets(label="${__field.name}")],
            ),
            series(
                "Unhappy, and escalated",
                _over_time(
                    'sum(w.very_negative + w.negative) / nullIf(sum(w.scored), 0) AS "negative share"',
                    'sum(w.escalations) / nullIf(sum(w.scored), 0) AS "escalation rate"',
                ),
                unit=PercentUnit,
                links=[unhappy],
            ),
            series(
                "Scores and ratings",
                _over_time(
                    'sum(w.score_sum) / 100 / nullIf(sum(w.scored), 0) AS "average score"',
                    "sum(w.satisfaction) / nullIf(sum(w.ratings), 0) AS rating",
                ),
                description="Scores are from 0 to 10, ratings from 1 to 5.",
            ),
            series(
                "First replies and resolutions, half within",
                Sql(_WAITS, series=True),
                unit=Seconds,
                description="From a ticket's first event, within 2 %.",
                links=[to_tickets()],
            ),
            series(
                "Emotions",
                Sql(_EMOTIONS, series=True),
                stacked=True,
                name="${__field.labels.emotion}",
                links=[to_tickets()],
            ),
            series(
                "Events by channel",
                Sql(_BY_CHANNEL, series=True),
                stacked=True,
                name=one_channel,
                links=[to_channel(channel=one_channel), to_tickets(channel=one_channel)],
            ),
            _compared("Channels", "channel"),
            _compared("Categories", "category"),
            rows(
                "Worst messages",
                Sql(_WORST),
                cells={"ticket": to_conversation()},
                description="Customers' lowest scores of the span.",
                width=24,
            ),
        ],
    )


_LABELS: Final = ("very_negative", "negative", "neutral", "positive", "very_positive")


def _total(figure: str) -> Sql:
    return Sql(f"SELECT {figure}\nFROM windows_now AS w\nWHERE {_OVERALL} AND {SIZE_OF_SPAN}")


def _over_time(*figures: str) -> Sql:
    columns = ",\n    ".join(["$__timeInterval(start) AS time", *figures])
    return Sql(
        f"SELECT {columns}\nFROM windows_now AS w\nWHERE {_OVERALL} AND {SIZE_OF_STEP}\nGROUP BY time\nORDER BY time",
        series=True,
    )


def _compared(title: str, dimension: str) -> Table:
    """The values of a dimension in the span and in the one of the same length before it, in one reading."""
    value = {dimension: cell(dimension)}
    return rows(
        title,
        Sql(f"""
SELECT
    value AS {dimension},
    sumIf(w.events, current) AS events,
    events / nullIf(sumIf(w.events, NOT current), 0) - 1 AS change,
    sumIf(w.very_negative + w.negative, current) / nullIf(sumIf(w.scored, current), 0) AS "negative share",
    sumIf(w.very_negative + w.negative, NOT current) / nullIf(sumIf(w.scored, NOT current), 0)
        AS "negative share before",
    sumIf(w.score_sum, current) / 100 / nullIf(sumIf(w.scored, current), 0) AS "average score",
    sumIf(w.escalations, current) / nullIf(sumIf(w.scored, current), 0) AS "escalation rate"
FROM (SELECT *, start >= $__fromTime AS current FROM windows_now) AS w
WHERE {OF_TENANT} AND dimension = '{dimension}' AND {chosen(dimension, "value")} AND {SIZE_OF_SPAN}
    AND start >= $__fromTime - ($__toTime - $__fromTime) AND start <= $__toTime
GROUP BY value
HAVING events > 0
ORDER BY events DESC
"""),
        units=_PER_CENT,
        cells={dimension: [to_channel(**value), to_tickets(**value)]},
        description="Beside the span of the same length before it.",
    )
