-- What the pipeline writes. Every table is a ReplacingMergeTree: the row with the highest version stays, so a replay changes nothing.
-- A version is (model epoch, log position), never a clock. Partition and sort keys never change for a row's id.

CREATE TABLE IF NOT EXISTS scored_events
(
    tenant LowCardinality(String),
    ticket_id String,
    event_id String,
    type LowCardinality(String),
    channel LowCardinality(String),
    priority LowCardinality(String) COMMENT 'as the event gave it; medium when it gave none',
    category LowCardinality(String),
    voice LowCardinality(String),
    status LowCardinality(String),
    customer_id String,
    agent_id String,
    language LowCardinality(String),
    journey_stage LowCardinality(String),
    occurred_at DateTime64(3, 'UTC'),
    received_at DateTime64(3, 'UTC') COMMENT 'append of the raw event',
    appended_at DateTime64(3, 'UTC') COMMENT 'append of the scored event: lateness is judged against it',
    subject String,
    text String,
    scored Bool COMMENT 'a text was scored; the next five columns are 0 or unset otherwise',
    score Decimal(4, 2),
    label Enum8('unset' = 0, 'very_negative' = 1, 'negative' = 2, 'neutral' = 3, 'positive' = 4, 'very_positive' = 5),
    compound Float64,
    polarity Float64,
    subjectivity Float64,
    unscored LowCardinality(String),
    satisfaction UInt8 COMMENT '1 to 5; 0 when not rated',
    scorer LowCardinality(String),
    model_epoch UInt32,
    log_partition UInt32,
    log_offset UInt64,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (tenant, ticket_id, event_id)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS escalations
(
    tenant LowCardinality(String),
    escalation_id UUID,
    ticket_id String,
    event_id String,
    policy LowCardinality(String),
    policy_version UInt32,
    rule LowCardinality(String),
    episode UInt32,
    priority LowCardinality(String),
    reason String,
    occurred_at DateTime64(3, 'UTC'),
    appended_at DateTime64(3, 'UTC'),
    channel LowCardinality(String),
    category LowCardinality(String),
    status LowCardinality(String),
    score Decimal(4, 2),
    label Enum8('unset' = 0, 'very_negative' = 1, 'negative' = 2, 'neutral' = 3, 'positive' = 4, 'very_positive' = 5),
    text String,
    customer_id String,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (tenant, escalation_id)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS windows
(
    tenant LowCardinality(String),
    size UInt32 COMMENT 'seconds',
    start DateTime('UTC'),
    dimension LowCardinality(String) COMMENT 'overall, channel, category, priority',
    value String,
    revision UInt32,
    final Bool,
    events UInt64,
    scored UInt64,
    very_negative UInt64,
    negative UInt64,
    neutral UInt64,
    positive UInt64,
    very_positive UInt64,
    score_sum UInt64 COMMENT 'hundredths of a point',
    score_min Nullable(Decimal(4, 2)),
    score_max Nullable(Decimal(4, 2)),
    escalations UInt64,
    resolved UInt64,
    ratings UInt64,
    satisfaction UInt64 COMMENT 'sum of the ratings',
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(start)
ORDER BY (tenant, size, dimension, value, start)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS dead_letters
(
    stage LowCardinality(String),
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    reason LowCardinality(String),
    message String,
    attempts UInt32,
    failed_at DateTime64(3, 'UTC'),
    key Nullable(String) COMMENT 'raw bytes',
    value Nullable(String) COMMENT 'raw bytes',
    headers String COMMENT 'JSON list of [name, base64]',
    log_partition UInt32,
    log_offset UInt64,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(failed_at)
ORDER BY (log_partition, log_offset)
SETTINGS non_replicated_deduplication_window = 10000;
