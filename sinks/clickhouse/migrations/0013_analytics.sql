-- What analytics asks of the events of a span besides: who wrote, what it is about, all emotions with their strengths, and the order in which
-- events of one moment came. Tickets are told apart by a number, which takes a third of the time that their ids take.

ALTER TABLE events_by_time
    ADD COLUMN IF NOT EXISTS author LowCardinality(String) AFTER voice,
    ADD COLUMN IF NOT EXISTS customer_id String AFTER agent_id,
    ADD COLUMN IF NOT EXISTS product LowCardinality(String) AFTER journey_stage,
    ADD COLUMN IF NOT EXISTS emotions Map(LowCardinality(String), Float64) AFTER emotion,
    ADD COLUMN IF NOT EXISTS log_offset UInt64 AFTER key_phrases,
    ADD COLUMN IF NOT EXISTS ticket UInt64 MATERIALIZED cityHash64(ticket_id);

ALTER TABLE events_by_time_writer MODIFY QUERY
SELECT
    tenant, ticket_id, event_id, type, channel, priority, category, subcategory, voice, author, status, agent_id, customer_id,
    journey_stage, product, emotion, emotions, urgency, occurred_at, scored, score, label, satisfaction, key_phrases, log_offset,
    version
FROM scored_events;

-- The rows that were there get the new columns: of rows with one version the last stays.
INSERT INTO events_by_time
(
    tenant, ticket_id, event_id, type, channel, priority, category, subcategory, voice, author, status, agent_id, customer_id,
    journey_stage, product, emotion, emotions, urgency, occurred_at, scored, score, label, satisfaction, key_phrases, log_offset,
    version
)
SELECT
    tenant, ticket_id, event_id, type, channel, priority, category, subcategory, voice, author, status, agent_id, customer_id,
    journey_stage, product, emotion, emotions, urgency, occurred_at, scored, score, label, satisfaction, key_phrases, log_offset,
    version
FROM scored_events
SETTINGS max_partitions_per_insert_block = 0;

-- A view keeps the columns that its table had when it was made.
CREATE OR REPLACE VIEW events_by_time_now AS
SELECT * FROM events_by_time FINAL SETTINGS do_not_merge_across_partitions_select_final = 1;

-- The same in the words of docs/analytics.md. `at` is milliseconds since 1970, written so that no part of the table is left out for its
-- times: days may be chosen before copies of an event are merged, moments only after.
CREATE OR REPLACE VIEW analytics_events AS
SELECT
    *, ticket,
    greatest(toUnixTimestamp64Milli(occurred_at), 0) AS at,
    scored AND voice = 'customer' AS is_text,
    voice = 'customer' AND (scored OR type IN ('created', 'message', 'escalation_requested')) AS is_message,
    voice = 'agent' AND author NOT IN ('bot', 'system') AND type IN ('created', 'message', 'agent_reply') AS is_reply,
    type = 'status_changed' AND status = 'resolved' AS is_resolution
FROM events_by_time FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- When each ticket began, and when an agent first wrote in it: what a question about one span would have to look for in all that came before.
-- The least of times stays what it is however often a row comes again, and no later score changes a time or who wrote.
CREATE TABLE IF NOT EXISTS tickets_begun
(
    tenant LowCardinality(String),
    ticket UInt64,
    opened_at SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    answered_at SimpleAggregateFunction(min, DateTime64(3, 'UTC')) COMMENT 'after 2200: not yet'
)
ENGINE = AggregatingMergeTree
ORDER BY (tenant, ticket);

CREATE MATERIALIZED VIEW IF NOT EXISTS tickets_begun_writer TO tickets_begun AS
SELECT
    tenant,
    cityHash64(ticket_id) AS ticket,
    min(occurred_at) AS opened_at,
    min(if(voice = 'agent' AND author NOT IN ('bot', 'system') AND type IN ('created', 'message', 'agent_reply'),
        occurred_at, toDateTime64('2250-01-01 00:00:00', 3, 'UTC'))) AS answered_at
FROM scored_events
GROUP BY tenant, ticket;

-- After the writer is there, so that nothing falls between.
INSERT INTO tickets_begun
SELECT
    tenant,
    cityHash64(ticket_id) AS ticket,
    min(occurred_at) AS opened_at,
    min(if(voice = 'agent' AND author NOT IN ('bot', 'system') AND type IN ('created', 'message', 'agent_reply'),
        occurred_at, toDateTime64('2250-01-01 00:00:00', 3, 'UTC'))) AS answered_at
FROM scored_events
GROUP BY tenant, ticket;
