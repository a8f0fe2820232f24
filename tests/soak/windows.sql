-- The windows that the scored events of one round make, by SQL alone.
-- Tables: scored(partition, offset, appended, event) and escalations(escalation), event and escalation being JSON.
WITH
events AS (
    SELECT
        partition,
        offset,
        appended,
        JSONExtractString(event, 'tenant') AS tenant,
        JSONExtractString(event, 'ticket_id') AS ticket_id,
        JSONExtractString(event, 'event_id') AS event_id,
        JSONExtractString(event, 'channel') AS channel,
        JSONExtractString(event, 'category') AS category,
        JSONExtract(event, 'priority', 'Nullable(String)') AS priority,
        toUnixTimestamp64Milli(parseDateTime64BestEffort(JSONExtractString(event, 'occurred_at'), 3, 'UTC')) AS occurred,
        JSONExtractString(event, 'voice') = 'customer' AND JSONType(event, 'sentiment') = 'Object' AS counted,
        JSONExtractString(event, 'sentiment', 'label') AS label,
        toInt64(round(JSONExtractFloat(event, 'sentiment', 'score') * 100)) AS score,
        JSONExtractString(event, 'type') = 'status_changed'
            AND JSONExtractString(event, 'status') = 'resolved' AS resolved,
        JSONExtract(event, 'satisfaction', 'Nullable(Int64)') AS rating
    FROM scored
),
-- An event id counts once for its ticket: where it stands first.
firsts AS (
    SELECT * FROM events ORDER BY partition, offset LIMIT 1 BY tenant, ticket_id, event_id
),
escalated AS (
    SELECT
        JSONExtractString(escalation, 'tenant') AS tenant,
        JSONExtractString(escalation, 'ticket_id') AS ticket_id,
        JSONExtractString(escalation, 'event_id') AS event_id
    FROM escalations
),
timed AS (
    SELECT
        *,
        least(occurred, appended + {future_tolerance:Int64} * 1000) AS at,
        (tenant, ticket_id, event_id) IN (SELECT tenant, ticket_id, event_id FROM escalated) AS is_escalated
    FROM firsts
    WHERE occurred >= appended - {late_horizon:Int64} * 1000
),
cells AS (
    SELECT
        *,
        arrayJoin({sizes:Array(Int64)}) AS size,
        arrayJoin([
            ('overall', ''), ('channel', channel), ('category', category), ('priority', coalesce(priority, 'medium'))
        ]) AS cell
    FROM timed
)
SELECT
    tenant,
    size,
    intDiv(at, size * 1000) * size AS start,
    cell.1 AS dimension,
    cell.2 AS value,
    count() AS events,
    countIf(counted) AS scored,
    countIf(counted AND label = 'very_negative') AS very_negative,
    countIf(counted AND label = 'negative') AS negative,
    countIf(counted AND label = 'neutral') AS neutral,
    countIf(counted AND label = 'positive') AS positive,
    countIf(counted AND label = 'very_positive') AS very_positive,
    sumIf(score, counted) AS score_sum,
    if(scored = 0, -1, minIf(score, counted)) AS score_min,
    if(scored = 0, -1, maxIf(score, counted)) AS score_max,
    countIf(is_escalated) AS escalations,
    countIf(resolved) AS resolved,
    countIf(rating IS NOT NULL) AS ratings,
    sum(coalesce(rating, 0)) AS satisfaction,
    (very_negative + negative) / nullIf(scored, 0) AS negative_share,
    escalations / nullIf(scored, 0) AS escalation_rate,
    score_sum / 100 / nullIf(scored, 0) AS score_avg,
    satisfaction / nullIf(ratings, 0) AS satisfaction_avg
FROM cells
GROUP BY tenant, size, start, dimension, value
