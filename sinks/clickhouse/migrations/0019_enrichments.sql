-- Second readings of messages, by a language model. They stand beside the messages' rows and change none of them.

CREATE TABLE IF NOT EXISTS enrichments
(
    tenant LowCardinality(String),
    ticket_id String,
    event_id String,
    enrichment_id UUID,
    read_by LowCardinality(String) COMMENT 'the model, or the scorer whose reading the message keeps',
    fallback LowCardinality(String) COMMENT 'why it keeps it: budget, timeout, refused, …; empty where the model answered',
    label LowCardinality(String) COMMENT 'empty for none',
    category LowCardinality(String),
    confidence Float32,
    reason String,
    stands Bool COMMENT 'it takes the place of the reading before where nobody corrected the message',
    prompt LowCardinality(String) COMMENT 'changes with the instructions',
    label_before LowCardinality(String),
    category_before LowCardinality(String),
    confidence_before Float32,
    scorer LowCardinality(String) COMMENT 'what had read the message',
    model_epoch UInt32,
    removed Map(String, UInt32) COMMENT 'personal data that was taken out before it was asked, by kind',
    cached Bool,
    tokens_in UInt32,
    tokens_out UInt32,
    cost_micros UInt64 COMMENT 'millionths of the unit of the prices',
    at DateTime64(3, 'UTC'),
    log_partition UInt32,
    log_offset UInt64,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, ticket_id, event_id, enrichment_id)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE OR REPLACE VIEW enrichments_now AS SELECT * FROM enrichments FINAL;

-- Of each message the newest answer; the newest fallback where there never was an answer.
CREATE OR REPLACE VIEW enrichments_standing AS
SELECT * FROM enrichments FINAL
ORDER BY fallback = '' DESC, at DESC, log_offset DESC
LIMIT 1 BY tenant, ticket_id, event_id;

-- Each message as it is read in the end, and by whom: a person before a model that may stand, and that before the program.
CREATE OR REPLACE VIEW messages_read AS
SELECT
    messages.tenant AS tenant,
    messages.ticket_id AS ticket_id,
    messages.event_id AS event_id,
    messages.occurred_at AS occurred_at,
    messages.channel AS channel,
    messages.voice AS voice,
    multiIf(labels.new != '', labels.new, second.label != '', second.label, messages.scored, toString(messages.label), '') AS label,
    multiIf(labels.new != '', 'person', second.label != '', second.read_by, messages.scored, toString(messages.scorer), '') AS label_by,
    multiIf(categories.new != '', categories.new, second.category != '', second.category, toString(messages.category)) AS category,
    multiIf(categories.new != '', 'person', second.category != '', second.read_by, toString(messages.scorer)) AS category_by
FROM (SELECT * FROM scored_events FINAL) AS messages
LEFT JOIN (SELECT tenant, ticket_id, event_id, new FROM corrections_standing WHERE field = 'label') AS labels
    ON labels.tenant = messages.tenant AND labels.ticket_id = messages.ticket_id AND labels.event_id = messages.event_id
LEFT JOIN (SELECT tenant, ticket_id, event_id, new FROM corrections_standing WHERE field = 'category') AS categories
    ON categories.tenant = messages.tenant AND categories.ticket_id = messages.ticket_id AND categories.event_id = messages.event_id
LEFT JOIN
(
    SELECT tenant, ticket_id, event_id, toString(label) AS label, toString(category) AS category, toString(read_by) AS read_by
    FROM enrichments_standing WHERE stands AND fallback = ''
) AS second
    ON second.tenant = messages.tenant AND second.ticket_id = messages.ticket_id AND second.event_id = messages.event_id;
