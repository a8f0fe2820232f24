-- What people corrected of what was read in messages, and who did what by which right. Both are small and kept whole: no partitions,
-- so that a record that comes twice is one row whenever it comes.

CREATE TABLE IF NOT EXISTS corrections
(
    tenant LowCardinality(String),
    ticket_id String,
    event_id String,
    correction_id UUID,
    field LowCardinality(String) COMMENT 'label, category',
    old String COMMENT 'what it was, by the model or by an earlier correction; empty for no label',
    new String,
    note String,
    corrected_by LowCardinality(String) COMMENT 'the name of a token',
    token_id LowCardinality(String) COMMENT 'empty where no tokens are asked for',
    corrected_at DateTime64(3, 'UTC'),
    scorer LowCardinality(String) COMMENT 'what had read the message when it was corrected',
    model_epoch UInt32,
    log_partition UInt32,
    log_offset UInt64,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, ticket_id, event_id, correction_id)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS audit
(
    audit_id UUID,
    at DateTime64(3, 'UTC'),
    actor LowCardinality(String) COMMENT 'the name of a token, or of who ran a command',
    token_id LowCardinality(String) COMMENT 'empty where no token was used',
    tenant LowCardinality(String) COMMENT 'empty for what is of no tenant, or of all',
    action LowCardinality(String),
    target String COMMENT 'what it was done to',
    source LowCardinality(String) COMMENT 'http, cli, file',
    address String COMMENT 'from where: an address of the network, or a host',
    result LowCardinality(String) COMMENT 'done, refused, failed',
    detail String,
    log_partition UInt32,
    log_offset UInt64,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY audit_id
SETTINGS non_replicated_deduplication_window = 10000;

CREATE OR REPLACE VIEW corrections_now AS SELECT * FROM corrections FINAL;

CREATE OR REPLACE VIEW audit_now AS SELECT * FROM audit FINAL;

-- Of each field of each message the newest correction: what people say it is.
CREATE OR REPLACE VIEW corrections_standing AS
SELECT * FROM corrections FINAL
ORDER BY corrected_at DESC, log_offset DESC
LIMIT 1 BY tenant, ticket_id, event_id, field;

-- Messages with what people say of them, beside what was read in them: what a model can learn from.
CREATE OR REPLACE VIEW corrected_messages AS
SELECT
    corrected.tenant AS tenant,
    corrected.ticket_id AS ticket_id,
    corrected.event_id AS event_id,
    corrected.field AS field,
    corrected.new AS value,
    if(corrected.field = 'label', if(messages.scored, toString(messages.label), ''), toString(messages.category)) AS read_as,
    messages.subject AS subject,
    messages.text AS text,
    messages.language AS language,
    messages.voice AS voice,
    corrected.corrected_by AS corrected_by,
    corrected.corrected_at AS corrected_at
FROM corrections_standing AS corrected
INNER JOIN (SELECT * FROM scored_events FINAL) AS messages
    ON messages.tenant = corrected.tenant AND messages.ticket_id = corrected.ticket_id AND messages.event_id = corrected.event_id;
