"""What is unusual: alerts, how far the figures are from what was usual, and which phrases are new."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.units import PercentUnit

from deploy.grafana.generate.board import board, text_box, with_panels
from deploy.grafana.generate.links import SPIKES, cell, to_board, to_channel, to_conversation, to_tickets
from deploy.grafana.generate.panels import figure, rows, series
from deploy.grafana.generate.queries import OF_TENANT, Sql

# An alert concerns the span if it fired in a part of it.
_ALERTS: Final = f"""FROM alerts_now
WHERE {OF_TENANT} AND started_at <= $__toTime
    AND (state = 'firing' OR coalesce(resolved_at, updated_at) >= $__fromTime)"""
_TABLE: Final = f"""
SELECT
    started_at AS started, kind, measure, dimension, value, severity, state, observed, expected, ratio, probability,
    dateDiff('second', started_at, if(state = 'firing', $__toTime, coalesce(resolved_at, updated_at))) AS lasted,
    summary, toString(alert_id) AS alert
{_ALERTS}
ORDER BY state, started_at DESC
LIMIT 200
"""
_OF_ALERT: Final = f"""{OF_TENANT} AND toString(alert_id) = ${{alert:sqlstring}}"""
_CAUSES: Final = f"""
SELECT ticket, started_at AS alerted, kind, measure, value
FROM alerts_now
ARRAY JOIN tickets AS ticket
WHERE {_OF_ALERT}
LIMIT 200
"""
_WHY: Final = f"""
SELECT phrases.phrase AS phrase, phrases.share AS share, phrases.usual AS usual, share / nullIf(usual, 0) AS ratio
FROM alerts_now
ARRAY JOIN phrases
WHERE {_OF_ALERT}
ORDER BY ratio DESC
LIMIT 50
"""
# Hours, or minutes in fives where the span is short.
_VIEW: Final = """(
    tenant = ${tenant:sqlstring}, size = if($__toTime - $__fromTime > 172800, 3600, 300), dimension = 'overall',
    since = ${__from:date:seconds}, until = ${__to:date:seconds}"""
_COMPARED: Final = f"""
SELECT start AS time, events AS now, events_day_before AS "a day before", events_week_before AS "a week before"
FROM windows_change{_VIEW})
ORDER BY time
"""
_SMOOTHED: Final = f"""
SELECT start AS time, negative_share_smoothed AS "negative share", escalation_rate_smoothed AS "escalation rate"
FROM windows_smoothed{_VIEW}, span = if($__toTime - $__fromTime > 172800, 86400, 3600))
ORDER BY time
"""
_CHANGES: Final = """
SELECT value AS Channel, events, events_week_before AS "a week before", events_change_week AS "change",
    negative_share AS "negative share", negative_share_week_before AS "negative share a week before"
FROM windows_change(tenant = ${tenant:sqlstring}, size = 3600, dimension = 'channel',
    since = ${__to:date:seconds} - 7200, until = ${__to:date:seconds} - 3600)
ORDER BY abs(log(events / greatest(toFloat64(events_week_before), 0.5))) DESC
LIMIT 50
"""
# From a whole hour: what came before is counted by hours.
_HOUR: Final = "intDiv(${__to:date:seconds}, 3600) * 3600"
_TOPICS: Final = f"""
SELECT phrase, support AS tickets, share, usual_share AS usual, ratio
FROM new_topics(tenant = ${{tenant:sqlstring}}, since = {_HOUR} - 86400, until = ${{__to:date:seconds}},
    baseline = {_HOUR} - 691200, minimum = ${{support:sqlstring}})
ORDER BY ratio DESC, tickets DESC
LIMIT 50
"""


def spikes() -> Dashboard:
    """Alerts of the span; choose one in the table to see its tickets and phrases."""
    made = board(SPIKES, "spikes and new topics", "What is unusual, and why.", span="now-7d")
    made.with_variable(text_box("alert", "Alert")).with_variable(text_box("support", "Tickets a topic must have", "20"))
    this_alert = to_board(SPIKES, "Its tickets and phrases", alert=cell("alert"))
    return with_panels(
        made,
        [
            figure("Firing", Sql(f"SELECT countIf(state = 'firing') AS firing\n{_ALERTS}"), width=8),
            figure("Alerts in the span", Sql(f"SELECT count() AS alerts\n{_ALERTS}"), width=8),
            figure(
                "Critical",
                Sql(f"SELECT countIf(severity = 'critical') AS critical\n{_ALERTS}"),
                width=8,
            ),
            rows(
                "Alerts",
                Sql(_TABLE),
                units={"lasted": "s"},
                cells={"alert": [this_alert], "value": [to_tickets("Tickets of the span")]},
                width=24,
            ),
            rows(
                "Tickets of the alert",
                Sql(_CAUSES),
                cells={"ticket": to_conversation()},
                description="Choose an alert above.",
            ),
            rows(
                "Why: phrases that are more common in it",
                Sql(_WHY),
                units={"share": PercentUnit, "usual": PercentUnit},
                cells={"phrase": [to_tickets(phrase=cell("phrase"))]},
                description="Shares of the texts of the alert, and of those before it.",
            ),
            series("Events, and what they were", Sql(_COMPARED, series=True)),
            series(
                "Moving averages",
                Sql(_SMOOTHED, series=True),
                unit=PercentUnit,
                description="Of an hour; of a day over more than two days.",
            ),
            rows(
                "Channels, beside a week before",
                Sql(_CHANGES),
                units={
                    "change": PercentUnit,
                    "negative share": PercentUnit,
                    "negative share a week before": PercentUnit,
                },
                cells={"Channel": [to_channel(channel=cell("Channel")), to_tickets(channel=cell("Channel"))]},
                description="The last whole hour of the span beside the same hour of the week before.",
            ),
            rows(
                "New topics",
                Sql(_TOPICS),
                units={"share": PercentUnit, "usual": PercentUnit},
                cells={"phrase": [to_tickets(phrase=cell("phrase"))]},
                description="Phrases of customers' texts of the last day, since a whole hour, beside the week before.",
            ),
        ],
    )
