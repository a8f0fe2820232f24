-- Who has which ticket: each change is a row, so that it is known who had it before and how long it waited.

CREATE TABLE IF NOT EXISTS assignments
(
    tenant LowCardinality(String),
    ticket_id String,
    session String COMMENT 'the conversation',
    revision UInt32 COMMENT 'counts the changes of a conversation',
    assignment_id UUID,
    state LowCardinality(String) COMMENT 'waiting, assigned, handled by somebody whom the roster does not name, over',
    reason LowCardinality(String),
    queue LowCardinality(String),
    agent String COMMENT 'has it, or had it last; empty for nobody',
    previous String COMMENT 'had it before',
    channel LowCardinality(String),
    category LowCardinality(String),
    language LowCardinality(String) COMMENT 'empty: not known',
    priority LowCardinality(String),
    is_escalated Bool,
    since DateTime64(3, 'UTC') COMMENT 'when the customer began to wait',
    at DateTime64(3, 'UTC') COMMENT 'when it was decided or heard of',
    tried Array(String) COMMENT 'had it and did not answer',
    log_partition UInt32,
    log_offset UInt64,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, ticket_id, session, revision, assignment_id)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE OR REPLACE VIEW assignments_now AS SELECT * FROM assignments FINAL;

-- Of each ticket the newest. A ticket is in one partition of the log, so positions tell which that is.
CREATE OR REPLACE VIEW assignments_standing AS
SELECT * FROM assignments FINAL ORDER BY log_offset DESC LIMIT 1 BY tenant, ticket_id;
