"""Whether the pipeline keeps up: Prometheus tells of the processes, ClickHouse of what they could not read."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.prometheus import Dataquery as PrometheusQuery
from grafana_foundation_sdk.builders.timeseries import Panel as Timeseries
from grafana_foundation_sdk.models.units import Seconds, Short

from deploy.grafana.generate.board import board, with_panels
from deploy.grafana.generate.links import PIPELINE, to_tickets
from deploy.grafana.generate.panels import figure, rows, series
from deploy.grafana.generate.queries import OF_TENANT, Sql, promql

_RATE: Final = "[$__rate_interval]"
_NEWEST: Final = [to_tickets("Tickets of the span")]
# What is stored of the newest minutes: a pipeline that stands still shows here, whatever its processes say.
_FRESH: Final = f"""
SELECT if(count() = 0, NULL, dateDiff('second', max(start), $__toTime)) AS seconds
FROM windows_now
WHERE {OF_TENANT} AND size = 60 AND dimension = 'overall' AND start >= $__fromTime AND start <= $__toTime
"""
_LETTERS: Final = """
SELECT failed_at AS time, stage, reason, topic, partition, offset, message, attempts
FROM dead_letters_now
WHERE $__timeFilter_ms(failed_at)
ORDER BY failed_at DESC
LIMIT 200
"""
_LETTERS_OVER_TIME: Final = """
SELECT $__timeInterval(failed_at) AS time, reason, count() AS letters
FROM dead_letters_now
WHERE $__timeFilter_ms(failed_at)
GROUP BY time, reason
ORDER BY time, reason
"""
# Whose data were erased is known by keyed hashes alone, so not of which tenant.
_ERASURES: Final = """
SELECT uniqExact(erasure_id) AS erasures
FROM erased FINAL
WHERE at >= $__fromTime AND at <= $__toTime
"""


def pipeline() -> Dashboard:
    """Of all tenants, but for how fresh the windows are: the variable narrows no metric."""
    return with_panels(
        board(PIPELINE, "pipeline health", "Whether the pipeline keeps up.", span="now-6h"),
        [
            figure("Newest window is old by", Sql(_FRESH), unit=Seconds, width=12, links=_NEWEST),
            figure(
                "Dead letters",
                Sql("SELECT count() AS letters FROM dead_letters_now WHERE $__timeFilter_ms(failed_at)"),
                width=6,
                links=_NEWEST,
            ),
            figure(
                "Erasures",
                Sql(_ERASURES),
                description="Requests by which persons or tickets were erased for good.",
                width=6,
                links=_NEWEST,
            ),
            series(
                "Events in, records out",
                [
                    promql(f"sum by (stage) (rate(helpdesk_events_in_total{_RATE}))", "{{stage}} in", "A"),
                    promql(f"sum by (stage) (rate(helpdesk_records_out_total{_RATE}))", "{{stage}} out", "B"),
                ],
                description="A second.",
                width=24,
                links=_NEWEST,
            ),
            series(
                "Lag",
                promql("max by (group, topic) (helpdesk_consumer_lag_records)", "{{group}} {{topic}}"),
                description="Positions between what is applied and the end of the log.",
                links=_NEWEST,
            ),
            series(
                "Age of the newest record",
                promql("max by (stage) (helpdesk_last_event_age_seconds)", "{{stage}}"),
                unit=Seconds,
                links=_NEWEST,
            ),
            series(
                "Transactions",
                _quantiles("helpdesk_transaction_duration_seconds", "stage"),
                unit=Seconds,
                links=_NEWEST,
            ),
            series(
                "Scoring a text",
                _quantiles("helpdesk_sentiment_analysis_duration_seconds"),
                unit=Seconds,
                links=_NEWEST,
            ),
            series(
                "HTTP requests", _quantiles("helpdesk_gateway_request_duration_seconds"), unit=Seconds, links=_NEWEST
            ),
            series(
                "Events over HTTP",
                promql(f"sum by (outcome) (rate(helpdesk_gateway_events_total{_RATE}))", "{{outcome}}"),
                links=_NEWEST,
            ),
            series(
                "Rows stored",
                [
                    promql(f"sum by (table) (rate(helpdesk_sink_rows_total{_RATE}))", "{{table}}", "A"),
                    promql(f"sum by (sink) (rate(helpdesk_sink_retries_total{_RATE}))", "{{sink}} tried again", "B"),
                    promql(
                        f"sum by (topic) (rate(helpdesk_sink_rejected_total{_RATE}))", "{{topic}} without a row", "C"
                    ),
                ],
                links=_NEWEST,
            ),
            series(
                "Writing a block",
                _quantiles("helpdesk_sink_write_duration_seconds", "table"),
                unit=Seconds,
                links=_NEWEST,
            ),
            series(
                "Not counted, cut, or sent twice",
                [
                    promql(f"sum(rate(helpdesk_late_events_total{_RATE}))", "late", "A"),
                    promql(f"sum(rate(helpdesk_future_events_total{_RATE}))", "in the future", "B"),
                    promql(f"sum(rate(helpdesk_duplicate_events_total{_RATE}))", "sent twice", "C"),
                    promql(f"sum(rate(helpdesk_cut_messages_total{_RATE}))", "cut", "D"),
                    promql(f"sum(rate(helpdesk_unread_records_expired_total{_RATE}))", "expired unread", "E"),
                ],
                links=_NEWEST,
            ),
            series(
                "Partitions and take-overs",
                [
                    promql("sum by (stage) (helpdesk_partitions_owned)", "{{stage}} owns", "A"),
                    promql(
                        "sum by (stage, cause) (increase(helpdesk_takeovers_total[$__interval]))",
                        "{{stage}} {{cause}}",
                        "B",
                    ),
                ],
                links=_NEWEST,
            ),
            series(
                "State",
                promql("sum by (stage) (helpdesk_state_rows)", "{{stage}}"),
                description="Rows in memory.",
                links=_NEWEST,
            ),
            *_routing(),
            *_tenants(),
            series(
                "Dead letters over time",
                Sql(_LETTERS_OVER_TIME, series=True),
                stacked=True,
                name="${__field.labels.reason}",
                unit=Short,
                links=_NEWEST,
            ),
            rows("Newest dead letters", Sql(_LETTERS), width=24, links=_NEWEST),
        ],
    )


def _routing() -> list[Timeseries]:
    return [
        series(
            "Tickets that wait for an agent",
            [
                promql("sum by (tenant, queue) (helpdesk_tickets_waiting)", "{{tenant}} {{queue}}", "A"),
                promql("sum by (tenant) (helpdesk_tickets_wait_long)", "{{tenant}}: too long", "B"),
                promql("sum by (tenant) (helpdesk_tickets_unassignable)", "{{tenant}}: nobody can take", "C"),
            ],
            description="Of tenants with a roster.",
            links=_NEWEST,
        ),
        series(
            "Assignments",
            promql(f"sum by (state, reason) (rate(helpdesk_assignments_total{_RATE}))", "{{state}} {{reason}}"),
            description="Changes of who has a ticket, a second, by what it came to and why.",
            links=_NEWEST,
        ),
    ]


def _tenants() -> list[Timeseries]:
    return [
        series(
            "Events beside quotas",
            [
                promql(f"sum by (tenant) (rate(helpdesk_tenant_events_total{_RATE}))", "{{tenant}}", "A"),
                promql("max by (tenant) (helpdesk_tenant_quota_events_per_second)", "{{tenant}} may send", "B"),
            ],
            description="A second, however they came; who may send as much as it likes has no second line.",
            links=_NEWEST,
        ),
        series(
            "Refused by a quota",
            promql(f"sum by (tenant, quota) (rate(helpdesk_tenant_over_quota_total{_RATE}))", "{{tenant}} {{quota}}"),
            description="Requests a second.",
            links=_NEWEST,
        ),
    ]


def _quantiles(metric: str, label: str = "") -> list[PrometheusQuery]:
    by = f"le, {label}" if label else "le"
    legend = f" {{{{{label}}}}}" if label else ""
    return [
        promql(f"histogram_quantile({share}, sum by ({by}) (rate({metric}_bucket{_RATE})))", f"{name}{legend}", ref)
        for ref, share, name in (("A", 0.5, "half within"), ("B", 0.99, "99 % within"))
    ]
