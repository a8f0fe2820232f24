"""Every metric of the product, with its unit and labels. Labels are bounded: never a ticket, a customer or a text.

One prefix, `helpdesk_`, because one of the replaced systems already exports two of these names.
"""

import time
from threading import Thread
from typing import Final
from wsgiref.simple_server import WSGIServer

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, start_http_server

from sinks.tenant_labels import TenantLabels
from sinks.window_gauges import Figure, WindowGauges

EVENTS_IN: Final = Counter("helpdesk_events_in_total", "Records read from the input topic and applied.", ["stage"])
RECORDS_OUT: Final = Counter(
    "helpdesk_records_out_total", "Records written in committed transactions.", ["stage", "topic"]
)
DUPLICATES: Final = Counter(
    "helpdesk_duplicate_events_total", "Events dropped because their id was applied before.", ["stage"]
)
DEAD_LETTERS: Final = Counter(
    "helpdesk_dead_letters_total", "Records that could not be processed.", ["stage", "reason"]
)
LATE_EVENTS: Final = Counter(
    "helpdesk_late_events_total", "Events not counted in windows: too far behind their append.", ["stage"]
)
FUTURE_EVENTS: Final = Counter(
    "helpdesk_future_events_total", "Events whose time was cut: too far ahead of their append.", ["stage"]
)
CUT_MESSAGES: Final = Counter(
    "helpdesk_cut_messages_total", "Messages of which a conversation keeps only the beginning.", ["stage"]
)
REDACTED: Final = Counter(
    "helpdesk_redacted_values_total", "Places with personal data that were replaced in events.", ["stage"]
)
SUPPRESSED: Final = Counter(
    "helpdesk_suppressed_events_total", "Events left out because they are of somebody who was erased.", ["stage"]
)
ESCALATIONS: Final = Counter("helpdesk_sentiment_escalations_total", "Escalations decided.", ["channel", "rule"])
SCORED: Final = Counter("helpdesk_sentiment_analysis_total", "Texts scored.", ["label"])
UNSCORED: Final = Counter("helpdesk_unscored_events_total", "Events that were not scored.", ["reason"])
SHADOWED: Final = Counter(
    "helpdesk_shadow_scores_total", "Texts that a challenger was asked about, too.", ["kind", "result"]
)
SHADOW_LEFT: Final = Counter(
    "helpdesk_shadow_left_out_total",
    "Texts that a challenger was not compared on: it was too slow for the batch, or failed.",
    ["kind", "reason"],
)
MODELS_MISSING: Final = Gauge(
    "helpdesk_models_missing",
    "Models that are in force for somebody and cannot be read: the one before decides, or what has not learned.",
    ["kind"],
)
SCORING_SECONDS: Final = Histogram(
    "helpdesk_sentiment_analysis_duration_seconds",
    "Time to score one text, as the mean over its batch.",
    buckets=(0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 1.0),
)
DELIVERY_SECONDS: Final = Histogram(
    "helpdesk_delivery_duration_seconds",
    "Time of one attempt to deliver a notification.",
    ["provider", "result"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0),
)
NOTIFICATIONS: Final = Counter(
    "helpdesk_notifications_total",
    "Notifications that were sent, given up or suppressed.",
    ["provider", "state"],
)
NOTIFICATIONS_OVERDUE: Final = Gauge(
    "helpdesk_notifications_overdue",
    "Notifications whose time came over a minute ago and of which nothing has come, in the partitions of this process.",
    ["target"],
)
ASSIGNMENTS: Final = Counter(
    "helpdesk_assignments_total", "Changes of who has a ticket, by what it came to and why.", ["state", "reason"]
)
TICKETS_WAITING: Final = Gauge(
    "helpdesk_tickets_waiting",
    "Tickets that wait for an agent, by tenant and queue of the rosters, in the partitions of this process.",
    ["tenant", "queue"],
)
TICKETS_WAIT_LONG: Final = Gauge(
    "helpdesk_tickets_wait_long",
    "Tickets that have waited for an agent longer than `wait_within`, in the partitions of this process.",
    ["tenant"],
)
TICKETS_UNASSIGNABLE: Final = Gauge(
    "helpdesk_tickets_unassignable",
    "Tickets that no agent of the roster can take, whoever is there, in the partitions of this process.",
    ["tenant"],
)
ACCESS_REFUSED: Final = Counter(
    "helpdesk_access_refused_total", "Requests that were refused before they came to a route.", ["status"]
)
AUDIT_LOST: Final = Counter(
    "helpdesk_audit_lost_total",
    "Records of the audit that the log did not acknowledge: they are in this process's log.",
)
PREDICTIONS: Final = Counter(
    "helpdesk_predictions_total", "Estimates sent, by what is foretold and by whom.", ["kind", "by"]
)
PREDICTIONS_NEWEST: Final = Gauge(
    "helpdesk_predictions_newest_timestamp_seconds", "When conversations were last looked through, in Unix time."
)
PREDICTION_MODEL: Final = Gauge(
    "helpdesk_prediction_model_trained_timestamp_seconds",
    "When the model for all tenants was trained that foretells, in Unix time; 0 where the baseline does.",
    ["kind"],
)
BATCH_RECORDS: Final = Histogram(
    "helpdesk_batch_records", "Records in one transaction.", ["stage"], buckets=(1, 3, 10, 30, 100, 300, 1000)
)
TRANSACTION_SECONDS: Final = Histogram(
    "helpdesk_transaction_duration_seconds",
    "Time from the start of a transaction to its known commit.",
    ["stage"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 20.0),
)
TAKEOVERS: Final = Counter("helpdesk_takeovers_total", "Partitions taken over, by what led to it.", ["stage", "cause"])
RECOVERED_ROWS: Final = Counter("helpdesk_recovered_rows_total", "State rows read in take-overs.", ["stage"])
EXPIRED_RECORDS: Final = Counter(
    "helpdesk_unread_records_expired_total", "Input offsets that retention removed before they were read.", ["stage"]
)
PARTITIONS_OWNED: Final = Gauge("helpdesk_partitions_owned", "Partitions that this process works on.", ["stage"])
# Told by `track`, whose policies say what it needs of others.
STAGE_WANTED: Final = Gauge(
    "helpdesk_stage_wanted", "Whether the policies in force want that this stage runs: 1 or 0.", ["stage"]
)
STATE_ROWS: Final = Gauge("helpdesk_state_rows", "State rows in memory.", ["stage"])
CONSUMER_LAG: Final = Gauge(
    "helpdesk_consumer_lag_records", "Positions between what is applied and the log's end.", ["group", "topic"]
)
LAST_EVENT_AGE: Final = Gauge(
    "helpdesk_last_event_age_seconds", "Age of the newest applied record at the last tick.", ["stage"]
)
LAG_SECONDS: Final = Gauge(
    "helpdesk_lag_seconds",
    "Age of the newest applied record where more waits, of the partition that is furthest behind; 0 when none waits.",
    ["stage"],
)
SINK_ROWS: Final = Counter("helpdesk_sink_rows_total", "Rows written.", ["sink", "table"])
SINK_REJECTED: Final = Counter(
    "helpdesk_sink_rejected_total", "Messages that no row could be made of.", ["sink", "topic"]
)
SINK_SECONDS: Final = Histogram(
    "helpdesk_sink_write_duration_seconds",
    "Time to write one block of rows.",
    ["sink", "table"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0),
)
SINK_RETRIES: Final = Counter(
    "helpdesk_sink_retries_total", "Writes tried again because the destination was away.", ["sink"]
)
GATEWAY_EVENTS: Final = Counter("helpdesk_gateway_events_total", "Events received over HTTP.", ["outcome"])
GATEWAY_SECONDS: Final = Histogram(
    "helpdesk_gateway_request_duration_seconds",
    "Time from the request to its answer, Kafka's acknowledgement included.",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0),
)
# Tenants as labels: those of the file of tenants, then the first to come, and `other` (docs/tenancy.md).
TENANT_LABELS: Final = TenantLabels()
TENANT_RECEIVED: Final = Counter(
    "helpdesk_tenant_gateway_events_total", "Events received over HTTP, by tenant.", ["tenant", "outcome"]
)
TENANT_BYTES_RECEIVED: Final = Counter(
    "helpdesk_tenant_gateway_bytes_total",
    "Bytes of events received over HTTP, as they go to the log, by tenant.",
    ["tenant", "outcome"],
)
TENANT_OVER_QUOTA: Final = Counter(
    "helpdesk_tenant_over_quota_total",
    "Requests that were refused, by the quota without room.",
    ["tenant", "quota"],
)
TENANT_BYTES: Final = Counter(
    "helpdesk_tenant_bytes_total", "Bytes of events read from the input topic, however they came there.", ["tenant"]
)
TENANT_EVENTS: Final = Counter(
    "helpdesk_tenant_events_total", "Events read from the input topic, however they came there.", ["tenant"]
)
TENANT_QUOTA: Final = Gauge(
    "helpdesk_tenant_quota_events_per_second", "What a tenant may send, where the file of tenants says so.", ["tenant"]
)
TENANT_BYTES_QUOTA: Final = Gauge(
    "helpdesk_tenant_quota_bytes_per_second",
    "Bytes that a tenant may send, where the file of tenants has a table of it.",
    ["tenant"],
)
MAILS: Final = Counter("helpdesk_mails_total", "Mails read from the mailbox, by what became of them.", ["outcome"])
# With a label: other processes have no mailbox, and must not say that it is closed.
MAILBOX_CONNECTED: Final = Gauge("helpdesk_mailbox_connected", "Whether the mailbox is open: 1 or 0.", ["folder"])
WEBHOOKS: Final = Counter(
    "helpdesk_webhooks_total", "Webhooks of helpdesks received, by what became of them.", ["vendor", "outcome"]
)
LLM_REQUESTS: Final = Counter(
    "helpdesk_llm_requests_total", "Requests to a language model, by how they ended.", ["result"]
)
LLM_NOT_ANSWERED: Final = Counter(
    "helpdesk_llm_fallbacks_total", "Texts that kept their local reading although a model was to read them.", ["reason"]
)
LLM_TOKENS: Final = Counter("helpdesk_llm_tokens_total", "Tokens that were sent and answered.", ["direction"])
LLM_COST: Final = Counter("helpdesk_llm_cost_total", "Money that it cost, by the prices of llm.toml, in their unit.")
LLM_SECONDS: Final = Histogram(
    "helpdesk_llm_request_duration_seconds",
    "Time of one request to a language model.",
    buckets=(0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0),
)
LLM_BREAKER: Final = Gauge(
    "helpdesk_llm_breaker", "Whether the breaker before the language model is in this state: 1 or 0.", ["state"]
)
LLM_CACHE: Final = Counter("helpdesk_llm_cache_total", "Texts looked up among the answers before.", ["outcome"])
# Labels: tenant, size (seconds) and channel, which is "all" for all of them together.
WINDOWS: Final = WindowGauges(
    {
        "helpdesk_window_end_timestamp_seconds": Figure(
            "End of the newest final window, in Unix time.", lambda window: window.end.timestamp()
        ),
        "helpdesk_window_events": Figure("Events in it.", lambda window: window.totals.events),
        "helpdesk_window_scored": Figure(
            "Customers' texts in it that were scored.", lambda window: window.totals.scored
        ),
        "helpdesk_window_very_negative": Figure(
            "Very negative texts in it.", lambda window: window.totals.very_negative
        ),
        "helpdesk_window_negative_ratio": Figure(
            "Share of negative and very negative texts, 0 to 1.", lambda window: window.negative_share
        ),
        "helpdesk_window_escalation_ratio": Figure("Escalations for each text.", lambda window: window.escalation_rate),
        "helpdesk_window_score_points": Figure(
            "Mean score of its texts, 0 (worst) to 10.", lambda window: window.score_avg
        ),
    },
    lambda: time.time_ns() // 1_000_000,
)
REGISTRY.register(WINDOWS)
ALERTS: Final = Counter(
    "helpdesk_alerts_total", "Alerts on series of windows, counted at each revision.", ["kind", "severity", "state"]
)
ALERTS_FIRING: Final = Gauge(
    "helpdesk_alerts_firing",
    "Alerts on series of windows that fire now, in the partitions of this process.",
    ["kind", "measure", "severity"],
)
UNWATCHED: Final = Counter(
    "helpdesk_unwatched_windows_total", "Totals of values beyond those that are watched for spikes.", ["stage"]
)
OTHER_VALUES: Final = Counter(
    "helpdesk_other_values_total",
    "Events whose agent, product or journey stage has no windows of its own: there are too many of them.",
    ["stage", "dimension"],
)
WINDOWS_LEFT_OUT: Final = Counter(
    "helpdesk_windows_left_out_total", "Final windows that no gauge shows: too many tenants or channels.", ["stage"]
)


def serve_metrics(port: int, host: str) -> tuple[WSGIServer, Thread] | None:
    """Serve /metrics on a thread of its own; port 0 serves nothing."""
    return start_http_server(port, host) if port else None
