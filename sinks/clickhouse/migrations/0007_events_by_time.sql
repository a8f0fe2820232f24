-- scored_events again, by day and without its texts: for questions about everything of a span (percentiles, agents, phrases), which
-- would have to read the whole of a table that is sorted by ticket. Filled with each block that is inserted there. It replaces rows as
-- that one does, so a block that comes again changes nothing. The key has the day, not the moment, because an event that a producer
-- sends twice without a time of its own has two moments; they are one row if they are of one day (there: of one month).
-- Partitions are weeks. One that is over is soon a single part, and a single part needs no merging when it is read: that, not the
-- reading, is what FINAL costs. Rows with one key are always of one week, so weeks need no merging with each other.

CREATE TABLE IF NOT EXISTS events_by_time
(
    tenant LowCardinality(String),
    ticket_id String,
    event_id String,
    type LowCardinality(String),
    channel LowCardinality(String),
    priority LowCardinality(String),
    category LowCardinality(String),
    subcategory LowCardinality(String),
    voice LowCardinality(String),
    status LowCardinality(String),
    agent_id LowCardinality(String),
    journey_stage LowCardinality(String),
    emotion LowCardinality(String),
    urgency LowCardinality(String),
    occurred_at DateTime64(3, 'UTC'),
    scored Bool,
    score Decimal(4, 2),
    label Enum8('unset' = 0, 'very_negative' = 1, 'negative' = 2, 'neutral' = 3, 'positive' = 4, 'very_positive' = 5),
    satisfaction UInt8,
    key_phrases Array(LowCardinality(String)),
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toMonday(occurred_at)
ORDER BY (tenant, toDate(occurred_at), ticket_id, event_id)
SETTINGS non_replicated_deduplication_window = 10000, min_age_to_force_merge_seconds = 3600,
    min_age_to_force_merge_on_partition_only = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS events_by_time_writer TO events_by_time AS
SELECT
    tenant, ticket_id, event_id, type, channel, priority, category, subcategory, voice, status, agent_id, journey_stage,
    emotion, urgency, occurred_at, scored, score, label, satisfaction, key_phrases, version
FROM scored_events;

-- After the writer is there, so that nothing falls between; what both bring is one row.
INSERT INTO events_by_time
SELECT
    tenant, ticket_id, event_id, type, channel, priority, category, subcategory, voice, status, agent_id, journey_stage,
    emotion, urgency, occurred_at, scored, score, label, satisfaction, key_phrases, version
FROM scored_events
SETTINGS max_partitions_per_insert_block = 0;

CREATE OR REPLACE VIEW events_by_time_now AS
SELECT * FROM events_by_time FINAL SETTINGS do_not_merge_across_partitions_select_final = 1;

-- Escalations of one tenant and one span, filtered before FINAL: neither changes from one revision to the next.
CREATE OR REPLACE VIEW escalations_between AS
SELECT * FROM escalations FINAL
PREWHERE tenant = {tenant:String}
    AND occurred_at >= toDateTime({since:UInt32}, 'UTC')
    AND occurred_at < toDateTime({until:UInt32}, 'UTC');
