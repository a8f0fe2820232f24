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
        JSONExtractString(event, 'type') AS type,
        JSONExtractString(event, 'status') AS status,
        -- Channel, category, priority, agent, product and journey stage.
        (
            JSONExtractString(event, 'channel'),
            JSONExtractString(event, 'category'),
            coalesce(JSONExtract(event, 'priority', 'Nullable(String)'), 'medium'),
            JSONExtractString(event, 'agent_id'),
            JSONExtractString(event, 'product'),
            JSONExtractString(event, 'journey_stage')
        ) AS place,
        toUnixTimestamp64Milli(parseDateTime64BestEffort(JSONExtractString(event, 'occurred_at'), 3, 'UTC')) AS occurred,
        JSONExtractString(event, 'voice') = 'customer' AND JSONType(event, 'sentiment') = 'Object' AS counted,
        JSONExtractString(event, 'sentiment', 'label') AS label,
        toInt64(round(JSONExtractFloat(event, 'sentiment', 'score') * 100)) AS score,
        JSONExtractString(event, 'reading', 'emotion') AS emotion,
        if(JSONHas(event, 'reading', 'urgency'), JSONExtractString(event, 'reading', 'urgency'), 'medium') AS urgency,
        type = 'status_changed' AND status = 'resolved' AS resolved,
        status IN ('resolved', 'closed') AS closed,
        JSONExtractString(event, 'voice') = 'agent' AND JSONExtractString(event, 'author') NOT IN ('bot', 'system')
            AND type IN ('created', 'message', 'agent_reply') AS is_reply,
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
tickets AS (
    SELECT
        tenant,
        ticket_id,
        min(at) AS opened_at,
        argMin(place, (at, place)) AS opened,
        countIf(is_reply) AS replies,
        minIf(at, is_reply) AS answered_at,
        argMinIf((place.4, place.5, place.6), (at, place.4, place.5, place.6), is_reply) AS answered_by
    FROM timed
    GROUP BY tenant, ticket_id
),
-- What counts besides the events: first replies, resolutions and reopenings, when and where they were.
facts AS (
    SELECT
        tenant,
        answered_at AS at,
        (opened.1, opened.2, opened.3, answered_by.1, answered_by.2, answered_by.3) AS place,
        answered_at - opened_at AS response,
        -1 AS resolution,
        0 AS reopened
    FROM tickets
    WHERE replies > 0 AND answered_at > opened_at
    UNION ALL
    SELECT
        timed.tenant AS tenant,
        timed.at AS at,
        (opened.1, opened.2, opened.3, place.4, place.5, place.6) AS place,
        -1 AS response,
        timed.at - opened_at AS resolution,
        0 AS reopened
    FROM timed INNER JOIN tickets ON timed.tenant = tickets.tenant AND timed.ticket_id = tickets.ticket_id
    WHERE resolved
    UNION ALL
    SELECT tenant, at, place, -1 AS response, -1 AS resolution, 1 AS reopened
    FROM (
        SELECT
            tenant, at, place, closed,
            lagInFrame(closed, 1, 0) OVER (
                PARTITION BY tenant, ticket_id ORDER BY at, closed, resolved, place
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS was_closed
        FROM timed
        WHERE status != ''
    )
    WHERE was_closed AND NOT closed
),
noted AS (
    SELECT
        tenant, at, place, 1 AS is_event, ticket_id, counted, label, score, emotion, urgency, is_escalated, resolved, rating,
        toInt64(-1) AS response, toInt64(-1) AS resolution, 0 AS reopened
    FROM timed
    UNION ALL
    SELECT
        tenant, at, place, 0, '', 0, '', 0, '', '', 0, 0, NULL,
        toInt64(response), toInt64(resolution), reopened
    FROM facts
),
cells AS (
    SELECT
        *,
        arrayJoin({sizes:Array(Int64)}) AS size,
        arrayJoin(arrayFilter(one -> one.1 = 'overall' OR one.2 != '', [
            ('overall', ''), ('channel', place.1), ('category', place.2), ('priority', place.3),
            ('agent', place.4), ('product', place.5), ('journey_stage', place.6)
        ])) AS cell,
        transform(place.3, ['low', 'medium', 'high', 'urgent'], [86400, 28800, 14400, 3600], 0) * 1000 AS respond_within,
        transform(place.3, ['low', 'medium', 'high', 'urgent'], [604800, 259200, 86400, 28800], 0) * 1000 AS resolve_within
    FROM noted
)
SELECT
    tenant,
    size,
    intDiv(at, size * 1000) * size AS start,
    cell.1 AS dimension,
    cell.2 AS value,
    sum(is_event) AS events,
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
    uniqExactIf(ticket_id, is_event = 1) AS tickets,
    sum(cells.reopened) AS reopened,
    countIf(response >= 0 AND response <= respond_within) AS responded_in_time,
    countIf(resolution >= 0 AND resolution <= resolve_within) AS resolved_in_time,
    sumMapIf(map(emotion, toUInt64(1)), counted AND emotion != '') AS emotions,
    sumMapIf(map(urgency, toUInt64(1)), counted) AS urgencies,
    sumMapIf(map(toUInt16(ceil(log(greatest(response, 1)) / log(1.04))), toUInt64(1)), response >= 0) AS response_times,
    sumMapIf(map(toUInt16(ceil(log(greatest(resolution, 1)) / log(1.04))), toUInt64(1)), resolution >= 0) AS resolution_times,
    (very_negative + negative) / nullIf(scored, 0) AS negative_share,
    escalations / nullIf(scored, 0) AS escalation_rate,
    score_sum / 100 / nullIf(scored, 0) AS score_avg,
    satisfaction / nullIf(ratings, 0) AS satisfaction_avg,
    arraySort(groupArrayIf(greatest(response, 1), response >= 0)) AS responses,
    arraySort(groupArrayIf(greatest(resolution, 1), resolution >= 0)) AS resolutions,
    if(empty(responses), NULL, responses[toUInt32(ceil(0.5 * length(responses)))] / 1000) AS response_p50,
    if(empty(responses), NULL, responses[toUInt32(ceil(0.95 * length(responses)))] / 1000) AS response_p95,
    if(empty(resolutions), NULL, resolutions[toUInt32(ceil(0.5 * length(resolutions)))] / 1000) AS resolution_p50,
    if(empty(resolutions), NULL, resolutions[toUInt32(ceil(0.95 * length(resolutions)))] / 1000) AS resolution_p95
FROM cells
GROUP BY tenant, size, start, dimension, value
