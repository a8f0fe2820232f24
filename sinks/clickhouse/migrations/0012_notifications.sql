-- Who was told of what: a row for every record of the ledger, so that each attempt can be seen.

CREATE TABLE IF NOT EXISTS notifications
(
    tenant LowCardinality(String),
    notification_id UUID,
    revision UInt32 COMMENT 'of the record; the highest is how the notification stands',
    kind LowCardinality(String) COMMENT 'escalation, raised, resolved, reminder, response_due, resolution_due, alert, …',
    about Array(String) COMMENT 'ids of the escalations or alerts, or the sessions of the tickets, that it tells of',
    ticket_id String COMMENT 'empty when it is about none or several',
    target LowCardinality(String),
    provider LowCardinality(String),
    recipient String COMMENT 'a customer''s address, most of it left out',
    state LowCardinality(String) COMMENT 'pending, sent, failed, suppressed',
    attempt UInt32 COMMENT 'the last one; 0 before the first',
    at DateTime64(3, 'UTC'),
    due_at DateTime64(3, 'UTC'),
    reason String COMMENT 'why it waits, failed or was suppressed',
    provider_ms Nullable(UInt32) COMMENT 'how long the provider took',
    message_id String,
    reference String COMMENT 'how the provider calls it; of what was told together with others, the id of that',
    log_partition UInt32,
    log_offset UInt64,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(at)
ORDER BY (tenant, notification_id, revision)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE OR REPLACE VIEW notifications_now AS SELECT * FROM notifications FINAL;

-- One row for each notification: how it stands.
CREATE OR REPLACE VIEW notifications_standing AS
SELECT * FROM notifications FINAL ORDER BY revision DESC LIMIT 1 BY tenant, notification_id;
