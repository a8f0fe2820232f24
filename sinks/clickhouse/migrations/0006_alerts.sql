-- Spikes, falls and silence: one row for each alert, from firing to resolved. A row is the newest revision of its record.

CREATE TABLE IF NOT EXISTS alerts
(
    tenant LowCardinality(String),
    alert_id UUID,
    kind LowCardinality(String) COMMENT 'spike, fall, silence',
    measure LowCardinality(String)
        COMMENT 'volume, very_negative, negative_share, escalation_rate, score, category_share',
    dimension LowCardinality(String) COMMENT 'as in windows',
    value String COMMENT 'as in windows',
    severity LowCardinality(String) COMMENT 'warning, critical',
    state LowCardinality(String) COMMENT 'firing, resolved',
    revision UInt32,
    started_at DateTime64(3, 'UTC') COMMENT 'start of the first window; the same in every revision',
    fired_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC'),
    resolved_at Nullable(DateTime64(3, 'UTC')),
    window_size UInt32 COMMENT 'seconds',
    observed Float64 COMMENT 'in the unit of the measure, as are the next two: events, a share from 0 to 1, points',
    expected Float64,
    exposure Float64 COMMENT 'what observed is counted among: texts for a share or a rate',
    ratio Float64 COMMENT 'observed / expected',
    probability Float64 COMMENT 'of seeing that much by chance, 0 to 1',
    tickets Array(String) COMMENT 'that caused it',
    phrases Array(Tuple(phrase String, share Float64, usual Float64)) COMMENT 'over-represented in it; shares from 0 to 1',
    summary String COMMENT 'for a person',
    record String DEFAULT '{}' COMMENT 'JSON: the whole record',
    log_partition UInt32,
    log_offset UInt64,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(started_at)
ORDER BY (tenant, alert_id)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE OR REPLACE VIEW alerts_now AS SELECT * FROM alerts FINAL;
