-- The windows of {size} seconds that the events of the history make, as `track` and `trends` would have counted them. Nothing of it is
-- reopened, and no product is named.
INSERT INTO windows
(
    tenant, size, start, dimension, value, revision, final, events, scored, very_negative, negative, neutral, positive, very_positive,
    score_sum, score_min, score_max, escalations, resolved, ratings, satisfaction, tickets, responded_in_time, resolved_in_time,
    emotions, urgencies, response_times, resolution_times, version
)
WITH
tickets AS (
    SELECT
        tenant, ticket_id, min(occurred_at) AS opened_at,
        argMin((channel, category, priority, journey_stage), occurred_at) AS opened,
        minIf(occurred_at, voice = 'agent') AS answered_at, argMinIf(agent_id, occurred_at, voice = 'agent') AS answered_by,
        groupArrayIf((occurred_at, agent_id), status = 'resolved') AS resolutions
    FROM events_by_time FINAL
    GROUP BY tenant, ticket_id
),
counted AS (
    SELECT
        tenant, occurred_at AS at, ticket_id, channel, category, priority, agent_id, journey_stage, 1 AS is_event,
        scored AND voice = 'customer' AS is_text, label, score, status, satisfaction, emotion, urgency, -1 AS response, -1 AS resolution
    FROM events_by_time FINAL
    UNION ALL
    SELECT
        tenant, answered_at, '', opened.1, opened.2, opened.3, answered_by, opened.4, 0,
        0, 'unset', 0, '', 0, '', '', dateDiff('millisecond', opened_at, answered_at), -1
    FROM tickets
    WHERE answered_at > opened_at
    UNION ALL
    SELECT
        tenant, resolved.1, '', opened.1, opened.2, opened.3, resolved.2, opened.4, 0,
        0, 'unset', 0, '', 0, '', '', -1, dateDiff('millisecond', opened_at, resolved.1)
    FROM tickets
    ARRAY JOIN resolutions AS resolved
)
SELECT
    tenant, {size}, toStartOfInterval(at, toIntervalSecond({size})) AS started, dimension, of_dimension,
    3, started < {until} - toIntervalSecond({size} + 60),
    sum(is_event), countIf(is_text),
    countIf(is_text AND label = 'very_negative'), countIf(is_text AND label = 'negative'), countIf(is_text AND label = 'neutral'),
    countIf(is_text AND label = 'positive'), countIf(is_text AND label = 'very_positive'),
    sumIf(toUInt64(score * 100), is_text),
    minIf(toNullable(score), is_text), maxIf(toNullable(score), is_text),
    countIf(is_text AND score < 0.8), countIf(status = 'resolved'),
    countIf(satisfaction > 0), sum(satisfaction), uniqExactIf(ticket_id, is_event = 1),
    countIf(response BETWEEN 0 AND 28800000), countIf(resolution BETWEEN 0 AND 259200000),
    sumMapIf(map(emotion, toUInt64(1)), is_text AND emotion != ''), sumMapIf(map(urgency, toUInt64(1)), is_text AND urgency != ''),
    sumMapIf(map(toUInt16(ceil(log(greatest(response, 1)) / log(1.04))), toUInt64(1)), response >= 0),
    sumMapIf(map(toUInt16(ceil(log(greatest(resolution, 1)) / log(1.04))), toUInt64(1)), resolution >= 0),
    3
FROM counted
ARRAY JOIN
    ['overall', 'channel', 'category', 'priority', 'agent', 'journey_stage'] AS dimension,
    ['', channel, category, priority, agent_id, journey_stage] AS of_dimension
WHERE dimension = 'overall' OR of_dimension != ''
GROUP BY tenant, started, dimension, of_dimension
