-- Windows of {size} seconds: sums of those of a minute.
INSERT INTO windows
SELECT
    tenant, {size}, toStartOfInterval(start, toIntervalSecond({size})) AS started, dimension, value,
    3, started < {until} - toIntervalSecond({size} + 60),
    sum(events), sum(scored), sum(very_negative), sum(negative), sum(neutral), sum(positive), sum(very_positive),
    sum(score_sum), min(score_min), max(score_max), sum(escalations), sum(resolved), sum(ratings), sum(satisfaction), 3
FROM windows FINAL
WHERE size = 60
GROUP BY tenant, started, dimension, value
