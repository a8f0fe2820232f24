-- The windows of one minute that the events of the history make, as `track` and `trends` would have counted them.
INSERT INTO windows
SELECT
    e.tenant, 60, toStartOfMinute(occurred_at) AS started, dimension, of_dimension,
    3, started < {until} - toIntervalMinute(2),
    count(), countIf(is_text),
    countIf(is_text AND label = 'very_negative'), countIf(is_text AND label = 'negative'), countIf(is_text AND label = 'neutral'),
    countIf(is_text AND label = 'positive'), countIf(is_text AND label = 'very_positive'),
    sumIf(toUInt64(score * 100), is_text),
    minIf(score, is_text), maxIf(score, is_text),
    countIf(is_text AND score < 0.8), countIf(status = 'resolved'),
    countIf(satisfaction > 0), sum(satisfaction), 3
FROM (SELECT *, scored AND voice = 'customer' AS is_text FROM events_by_time FINAL) AS e
ARRAY JOIN
    ['overall', 'channel', 'category', 'priority', 'agent'] AS dimension,
    ['', channel, category, priority, agent_id] AS of_dimension
WHERE dimension != 'agent' OR of_dimension != ''
GROUP BY e.tenant, started, dimension, of_dimension
