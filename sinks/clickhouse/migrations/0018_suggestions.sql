-- What people made of what was suggested to them. Small and kept whole: no partitions, so that a record that comes twice is one row
-- whenever it comes. Of somebody who thinks again the newest stays.

CREATE TABLE IF NOT EXISTS suggestion_uses
(
    tenant LowCardinality(String),
    ticket_id String,
    use_id UUID COMMENT 'of what somebody judges',
    suggested LowCardinality(String) COMMENT 'draft, article, similar',
    suggestion String COMMENT 'the name of a draft or an article, or the id of a ticket',
    outcome LowCardinality(String) COMMENT 'used, dismissed',
    used_by LowCardinality(String) COMMENT 'the name of a token',
    token_id LowCardinality(String) COMMENT 'empty where no tokens are asked for',
    used_at DateTime64(3, 'UTC'),
    log_partition UInt32,
    log_offset UInt64,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, ticket_id, use_id)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE OR REPLACE VIEW suggestion_uses_now AS SELECT * FROM suggestion_uses FINAL;
