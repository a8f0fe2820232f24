-- Trends over windows and phrases: of one tenant, one size and one dimension, for windows that begin in [since, until), which are
-- seconds since 1970, as every length here is seconds.

-- Each window beside the one before it, and those of the same time a day and a week before. A window that is missing had no events, so
-- its counts are 0 and its shares and averages NULL. A change is a ratio less 1; NULL where there was nothing before.
CREATE OR REPLACE VIEW windows_change AS
SELECT
    value,
    toDateTime(at, 'UTC') AS start,
    sumIf(w.events, step = 'now') AS events,
    sumIf(w.events, step = 'before') AS events_before,
    sumIf(w.events, step = 'day') AS events_day_before,
    sumIf(w.events, step = 'week') AS events_week_before,
    events / nullIf(events_before, 0) - 1 AS events_change,
    events / nullIf(events_day_before, 0) - 1 AS events_change_day,
    events / nullIf(events_week_before, 0) - 1 AS events_change_week,
    sumIf(w.unhappy, step = 'now') / nullIf(sumIf(w.scored, step = 'now'), 0) AS negative_share,
    sumIf(w.unhappy, step = 'before') / nullIf(sumIf(w.scored, step = 'before'), 0) AS negative_share_before,
    sumIf(w.unhappy, step = 'day') / nullIf(sumIf(w.scored, step = 'day'), 0) AS negative_share_day_before,
    sumIf(w.unhappy, step = 'week') / nullIf(sumIf(w.scored, step = 'week'), 0) AS negative_share_week_before,
    sumIf(w.score_sum, step = 'now') / 100 / nullIf(sumIf(w.scored, step = 'now'), 0) AS score_avg,
    sumIf(w.score_sum, step = 'before') / 100 / nullIf(sumIf(w.scored, step = 'before'), 0) AS score_avg_before,
    sumIf(w.score_sum, step = 'day') / 100 / nullIf(sumIf(w.scored, step = 'day'), 0) AS score_avg_day_before,
    sumIf(w.score_sum, step = 'week') / 100 / nullIf(sumIf(w.scored, step = 'week'), 0) AS score_avg_week_before,
    sumIf(w.escalations, step = 'now') / nullIf(sumIf(w.scored, step = 'now'), 0) AS escalation_rate,
    sumIf(w.escalations, step = 'before') / nullIf(sumIf(w.scored, step = 'before'), 0) AS escalation_rate_before,
    sumIf(w.escalations, step = 'day') / nullIf(sumIf(w.scored, step = 'day'), 0) AS escalation_rate_day_before,
    sumIf(w.escalations, step = 'week') / nullIf(sumIf(w.scored, step = 'week'), 0) AS escalation_rate_week_before
FROM
(
    SELECT
        value, step, toUnixTimestamp(start) + later AS at, events, scored, very_negative + negative AS unhappy, score_sum, escalations
    FROM windows FINAL
    ARRAY JOIN ['now', 'before', 'day', 'week'] AS step, [0, {size:UInt32}, 86400, 604800] AS later
    WHERE tenant = {tenant:String} AND size = {size:UInt32} AND dimension = {dimension:String}
        AND start >= toDateTime({since:UInt32}, 'UTC') - toIntervalSecond(604800)
        AND start < toDateTime({until:UInt32}, 'UTC')
        AND at >= {since:UInt32} AND at < {until:UInt32}
) AS w
GROUP BY value, at
HAVING countIf(step = 'now') > 0;

-- Moving averages over the `span` that ends with each window: events of one window (a missing one counts as none), and shares and scores
-- over all texts of the span, not the mean of the windows' means.
CREATE OR REPLACE VIEW windows_smoothed AS
SELECT *
FROM
(
    SELECT
        value,
        start,
        events,
        sum(events) OVER of_span * size / {span:UInt32} AS events_smoothed,
        sum(very_negative + negative) OVER of_span / nullIf(sum(scored) OVER of_span, 0) AS negative_share_smoothed,
        sum(score_sum) OVER of_span / 100 / nullIf(sum(scored) OVER of_span, 0) AS score_avg_smoothed,
        sum(escalations) OVER of_span / nullIf(sum(scored) OVER of_span, 0) AS escalation_rate_smoothed
    FROM windows FINAL
    WHERE tenant = {tenant:String} AND size = {size:UInt32} AND dimension = {dimension:String}
        AND start >= toDateTime({since:UInt32}, 'UTC') - toIntervalSecond({span:UInt32})
        AND start < toDateTime({until:UInt32}, 'UTC')
    WINDOW of_span AS
    (
        PARTITION BY value ORDER BY toUnixTimestamp(start)
        RANGE BETWEEN {span:UInt32} - {size:UInt32} PRECEDING AND CURRENT ROW
    )
)
WHERE start >= toDateTime({since:UInt32}, 'UTC');

-- New topics: key phrases of customers' texts, how common they are in [since, until) and how common they were in [baseline, since), as
-- shares of the texts of either. `support` is the number of tickets that have the phrase, at least `minimum`. To what was seen before
-- half a text is added, so that a phrase which is altogether new has a ratio too.
CREATE OR REPLACE VIEW new_topics AS
SELECT
    now.phrase AS phrase,
    now.support AS support,
    now.with_phrase / (
        SELECT count()
        FROM events_by_time_now
        WHERE tenant = {tenant:String} AND scored AND voice = 'customer'
            AND occurred_at >= toDateTime({since:UInt32}, 'UTC') AND occurred_at < toDateTime({until:UInt32}, 'UTC')
    ) AS share,
    (before.with_phrase + 0.5) / (
        SELECT count() + 1
        FROM events_by_time_now
        WHERE tenant = {tenant:String} AND scored AND voice = 'customer'
            AND occurred_at >= toDateTime({baseline:UInt32}, 'UTC') AND occurred_at < toDateTime({since:UInt32}, 'UTC')
    ) AS usual_share,
    share / usual_share AS ratio
FROM
(
    SELECT phrase, uniqExact(ticket) AS support, count() AS with_phrase
    FROM
    (
        SELECT key_phrases, cityHash64(ticket_id) AS ticket
        FROM events_by_time_now
        WHERE tenant = {tenant:String} AND scored AND voice = 'customer'
            AND occurred_at >= toDateTime({since:UInt32}, 'UTC') AND occurred_at < toDateTime({until:UInt32}, 'UTC')
    )
    ARRAY JOIN arrayDistinct(key_phrases) AS phrase
    GROUP BY phrase
    HAVING support >= {minimum:UInt32}
) AS now
LEFT JOIN
(
    -- A text names a phrase once: the reader of key phrases sees to that, and to check it here costs as much as the counting.
    SELECT phrase, count() AS with_phrase
    FROM events_by_time_now
    ARRAY JOIN key_phrases AS phrase
    WHERE tenant = {tenant:String} AND scored AND voice = 'customer'
        AND occurred_at >= toDateTime({baseline:UInt32}, 'UTC') AND occurred_at < toDateTime({since:UInt32}, 'UTC')
    GROUP BY phrase
) AS before ON before.phrase = now.phrase;
