-- What a challenger said of a message beside the champion, which is the one that counts: one row for each message, kind and challenger.

CREATE TABLE IF NOT EXISTS shadow_scores
(
    tenant LowCardinality(String),
    ticket_id String,
    event_id String,
    kind LowCardinality(String) COMMENT 'sentiment, category',
    channel LowCardinality(String),
    occurred_at DateTime64(3, 'UTC'),
    champion LowCardinality(String) COMMENT 'the version of the model in force; lexicon where there is none',
    challenger LowCardinality(String) COMMENT 'the version of the model that was tried',
    champion_class LowCardinality(String) COMMENT 'the label or category that counts',
    challenger_class LowCardinality(String),
    agree Bool,
    score Nullable(Float64) COMMENT 'of the champion, 0 to 10; null for a category',
    probability Float64 COMMENT 'that the challenger gives to its own class, 0 to 1',
    probability_of_champions Float64 COMMENT 'that the challenger gives to the class of the champion',
    log_partition UInt32,
    log_offset UInt64,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (tenant, kind, challenger, ticket_id, event_id)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE OR REPLACE VIEW shadow_scores_now AS SELECT * FROM shadow_scores FINAL;
