-- What is expected of open conversations, and what became of it. Predictions stay, so that they can be judged when it is known what
-- happened; of each ticket the newest is kept apart as well, because a ranking of all of them would have to look through the rest.

CREATE TABLE IF NOT EXISTS predictions
(
    tenant LowCardinality(String),
    ticket_id String,
    prediction_id UUID,
    as_of DateTime64(3, 'UTC') COMMENT 'by what was known then',
    predicted_at DateTime64(3, 'UTC') COMMENT 'when it was worked out',
    ended Bool COMMENT 'resolved or closed: nothing is expected any more',
    channel LowCardinality(String),
    category LowCardinality(String),
    priority LowCardinality(String),
    escalation Nullable(Float64) COMMENT 'P(escalates within three days); null: it is escalated',
    escalation_low Nullable(Float64) COMMENT 'bounds hold 80 %; null: none are known',
    escalation_high Nullable(Float64),
    escalation_model LowCardinality(String) COMMENT 'version; empty: no model is in force',
    resolution Nullable(Float64) COMMENT 'seconds from as_of, median',
    resolution_low Nullable(Float64),
    resolution_high Nullable(Float64),
    resolution_model LowCardinality(String),
    reply_breach Nullable(Float64) COMMENT 'P(first reply after its target); 1 where that has passed; null: it was given',
    reply_breach_low Nullable(Float64),
    reply_breach_high Nullable(Float64),
    reply_breach_model LowCardinality(String),
    resolution_breach Nullable(Float64) COMMENT 'P(resolution after its target)',
    resolution_breach_low Nullable(Float64),
    resolution_breach_high Nullable(Float64),
    resolution_breach_model LowCardinality(String),
    satisfaction Nullable(Float64) COMMENT 'expected rating, 1 to 5',
    satisfaction_low Nullable(Float64),
    satisfaction_high Nullable(Float64),
    satisfaction_model LowCardinality(String),
    record String COMMENT 'JSON: the whole record, with reasons',
    log_partition UInt32,
    log_offset UInt64,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(as_of)
ORDER BY (tenant, ticket_id, as_of, prediction_id)
SETTINGS non_replicated_deduplication_window = 10000;

-- The newest of each ticket: the one with the latest moment, and of one moment the one that was written last.
CREATE TABLE IF NOT EXISTS predictions_newest
(
    tenant LowCardinality(String),
    ticket_id String,
    prediction_id UUID,
    as_of DateTime64(3, 'UTC'),
    predicted_at DateTime64(3, 'UTC'),
    ended Bool,
    channel LowCardinality(String),
    category LowCardinality(String),
    priority LowCardinality(String),
    escalation Nullable(Float64),
    escalation_low Nullable(Float64),
    escalation_high Nullable(Float64),
    escalation_model LowCardinality(String),
    resolution Nullable(Float64),
    resolution_low Nullable(Float64),
    resolution_high Nullable(Float64),
    resolution_model LowCardinality(String),
    reply_breach Nullable(Float64),
    reply_breach_low Nullable(Float64),
    reply_breach_high Nullable(Float64),
    reply_breach_model LowCardinality(String),
    resolution_breach Nullable(Float64),
    resolution_breach_low Nullable(Float64),
    resolution_breach_high Nullable(Float64),
    resolution_breach_model LowCardinality(String),
    satisfaction Nullable(Float64),
    satisfaction_low Nullable(Float64),
    satisfaction_high Nullable(Float64),
    satisfaction_model LowCardinality(String),
    record String,
    place UInt64 COMMENT 'as_of in the upper 42 bits, the log position in the lower'
)
ENGINE = ReplacingMergeTree(place)
ORDER BY (tenant, ticket_id)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS predictions_newest_writer TO predictions_newest AS
SELECT
    * EXCEPT (log_partition, log_offset, version),
    bitOr(bitShiftLeft(toUInt64(greatest(toUnixTimestamp64Milli(as_of), 0)), 22), bitAnd(log_offset, 4194303)) AS place
FROM predictions;

CREATE OR REPLACE VIEW predictions_now AS SELECT * FROM predictions FINAL;

-- Of each ticket the newest.
CREATE OR REPLACE VIEW predictions_standing AS SELECT * EXCEPT place FROM predictions_newest FINAL;

-- Each prediction of an escalation whose three days are over, with what happened: an escalation of the ticket that was raised after
-- the moment and within them. Of a ticket's predictions of one day the first counts, so that one that is foretold often weighs no more.
CREATE OR REPLACE VIEW predictions_judged AS
SELECT
    foretold.tenant AS tenant, foretold.ticket_id AS ticket_id, foretold.as_of AS as_of, foretold.model AS model,
    foretold.chance AS chance,
    arrayExists(at -> at > foretold.as_of AND at <= foretold.as_of + toIntervalHour(72), raised.times) AS happened
FROM
(
    SELECT tenant, ticket_id, as_of, escalation_model AS model, assumeNotNull(escalation) AS chance
    FROM predictions FINAL
    WHERE isNotNull(escalation) AND NOT ended AND as_of <= now64(3, 'UTC') - toIntervalHour(72)
    ORDER BY as_of
    LIMIT 1 BY tenant, ticket_id, toDate(as_of), model
) AS foretold
LEFT JOIN
(
    SELECT tenant, ticket_id, groupArray(occurred_at) AS times FROM escalations FINAL GROUP BY tenant, ticket_id
) AS raised ON raised.tenant = foretold.tenant AND raised.ticket_id = foretold.ticket_id;

-- How well the models in force do. Skill is over the share that happened, known only afterwards: above 0 is hard to reach by chance.
CREATE OR REPLACE VIEW predictions_live AS
SELECT
    tenant, model, count() AS judged, uniqExact(ticket_id) AS tickets,
    avg(pow(chance - happened, 2)) AS brier,
    avg(chance) AS foretold, avg(happened) AS observed,
    if(observed * (1 - observed) = 0, NULL, 1 - brier / (observed * (1 - observed))) AS skill
FROM predictions_judged
GROUP BY tenant, model;
