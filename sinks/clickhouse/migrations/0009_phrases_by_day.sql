-- Phrases counted ahead, a day at a time, so that what is new is told without reading a week of events again. A day that is counted
-- holds as long as nothing of it comes in; ARCHITECTURE.md (ClickHouse) says why not each block is counted as it comes.

-- How many rows of a day came in, one that comes again counted again: a number that changes whenever what is stored of the day may
-- have. It hangs on events_by_time, so rows are there before they are counted here.
CREATE TABLE IF NOT EXISTS inserted_days
(
    tenant LowCardinality(String),
    day Date,
    inserted SimpleAggregateFunction(sum, UInt64),
    last_at SimpleAggregateFunction(max, DateTime('UTC')) COMMENT 'when the newest of them came, by the clock of the server'
)
ENGINE = AggregatingMergeTree
ORDER BY (tenant, day);

CREATE MATERIALIZED VIEW IF NOT EXISTS inserted_days_writer TO inserted_days AS
SELECT tenant, toDate(occurred_at) AS day, count() AS inserted, now('UTC') AS last_at
FROM events_by_time
GROUP BY tenant, day;

-- After the writer is there, so that nothing falls between. What both bring counts twice, which is as good a number as any other.
INSERT INTO inserted_days
SELECT tenant, toDate(occurred_at) AS day, count() AS inserted, now('UTC') AS last_at
FROM events_by_time
GROUP BY tenant, day;

-- How many of customers' texts name a phrase, by hour of the day in UTC; the empty phrase stands for all of them. One row holds a whole
-- day, so it is there or it is not. It is true while `inserted` is still the day's number in inserted_days.
CREATE TABLE IF NOT EXISTS phrases_by_day
(
    tenant LowCardinality(String),
    day Date,
    inserted UInt64,
    named Nested(phrase LowCardinality(String), hour UInt8, texts UInt32)
)
ENGINE = ReplacingMergeTree(inserted)
PARTITION BY toMonday(day)
ORDER BY (tenant, day);

-- The days that are not counted, or no longer truly, and of which nothing has come for `quiet` seconds (an insert that had begun is over
-- by then): the newest first, as many as have about `most` rows.
CREATE OR REPLACE VIEW days_to_count AS
SELECT tenant, day, of_day AS inserted
FROM
(
    SELECT tenant, day, of_day, sum(of_day) OVER (ORDER BY day DESC, tenant) - of_day AS before_it
    FROM
    (
        SELECT tenant, day, sum(inserted) AS of_day
        FROM inserted_days
        GROUP BY tenant, day
        HAVING max(last_at) + toIntervalSecond({quiet:UInt32}) <= now('UTC')
    )
    WHERE (tenant, day, of_day) NOT IN (SELECT tenant, day, inserted FROM phrases_by_day)
)
WHERE before_it < {most:UInt64};

-- Those days, counted. The list of days is looked at twice, to find their events fast and for their numbers; a day that is in one of
-- them only is left for the next time.
CREATE OR REPLACE VIEW days_counted AS
SELECT
    tenant, day, any(number) AS inserted,
    groupArray(phrase) AS `named.phrase`, groupArray(hour) AS `named.hour`, groupArray(texts) AS `named.texts`
FROM
(
    SELECT
        tenant, day, any(days.inserted) AS number, phrase, hour, toUInt32(countIf(is_text)) AS texts
    FROM
    (
        SELECT
            tenant, toDate(occurred_at) AS day, toHour(occurred_at) AS hour, scored AND voice = 'customer' AS is_text,
            arrayPushBack(if(is_text, arrayFilter(each -> each != '', key_phrases), []), '') AS its_phrases
        FROM events_by_time_now
        WHERE (tenant, toDate(occurred_at)) IN (SELECT tenant, day FROM days_to_count(quiet = {quiet:UInt32}, most = {most:UInt64}))
    ) AS events
    ARRAY JOIN its_phrases AS phrase
    INNER JOIN days_to_count(quiet = {quiet:UInt32}, most = {most:UInt64}) AS days USING (tenant, day)
    GROUP BY tenant, day, phrase, hour
    ORDER BY tenant, day, phrase, hour
)
GROUP BY tenant, day;

CREATE MATERIALIZED VIEW IF NOT EXISTS phrases_by_day_writer REFRESH EVERY 1 MINUTE APPEND TO phrases_by_day EMPTY AS
SELECT * FROM days_counted(quiet = 60, most = 1000000)
SETTINGS max_threads = 1;

-- New topics, as before: key phrases of customers' texts, how common they are in [since, until) and how common they were in
-- [baseline, since), as shares of the texts of either. `support` is the number of tickets that have the phrase, at least `minimum`. To what
-- was seen before half a text is added, so that a phrase which is altogether new has a ratio too.
--
-- Rows are chosen by whole days first, which may leave out parts of the table: copies of an event are of one day. The second is looked at
-- after copies are merged, and in words by which no part is left out, or one with the newest copy of an event could be.
CREATE OR REPLACE VIEW new_topics AS
WITH
    -- Of whole hours of days that are counted the counts are read, of the rest the events.
    intDiv({baseline:UInt32} + 3599, 3600) * 3600 AS first_hour,
    intDiv({since:UInt32}, 3600) * 3600 AS end_hour,
    (
        SELECT groupArray(day)
        FROM phrases_by_day FINAL
        WHERE tenant = {tenant:String} AND day BETWEEN toDate({baseline:UInt32}, 'UTC') AND toDate({since:UInt32}, 'UTC')
            AND (day, inserted) IN (SELECT day, sum(inserted) FROM inserted_days WHERE tenant = {tenant:String} GROUP BY day)
    ) AS counted
SELECT phrase, support, with_phrase / texts AS share, (before + 0.5) / (texts_before + 1) AS usual_share, share / usual_share AS ratio
FROM
(
    SELECT
        now.phrase AS phrase, now.support AS support, now.texts AS with_phrase, before.texts AS before,
        maxIf(now.texts, phrase = '') OVER () AS texts,
        maxIf(before.texts, phrase = '') OVER () AS texts_before
    FROM
    (
        SELECT phrase, uniqExactIf(ticket, phrase != '') AS support, count() AS texts
        FROM
        (
            SELECT
                cityHash64(ticket_id) AS ticket, arrayPushBack(arrayDistinct(key_phrases), '') AS its_phrases,
                greatest(toUnixTimestamp(occurred_at), 0) AS at
            FROM events_by_time_now
            WHERE tenant = {tenant:String} AND scored AND voice = 'customer'
                AND toDate(occurred_at) BETWEEN toDate({since:UInt32}, 'UTC') AND toDate({until:UInt32}, 'UTC')
                AND at >= {since:UInt32} AND at < {until:UInt32}
        )
        ARRAY JOIN its_phrases AS phrase
        GROUP BY phrase
        HAVING phrase = '' OR support >= {minimum:UInt32}
    ) AS now
    LEFT JOIN
    (
        SELECT phrase, sum(number) AS texts
        FROM
        (
            SELECT named.phrase AS phrase, named.texts AS number
            FROM phrases_by_day FINAL
            ARRAY JOIN named
            WHERE tenant = {tenant:String} AND has(counted, day)
                AND 86400 * toUInt16(day) + 3600 * named.hour >= first_hour
                AND 86400 * toUInt16(day) + 3600 * named.hour < end_hour
            UNION ALL
            SELECT phrase, 1 AS number
            FROM
            (
                SELECT
                    arrayPushBack(key_phrases, '') AS its_phrases, greatest(toUnixTimestamp(occurred_at), 0) AS at,
                    toDate(occurred_at) NOT IN (SELECT arrayJoin(counted)) AS not_counted
                FROM events_by_time_now
                WHERE tenant = {tenant:String} AND scored AND voice = 'customer'
                    AND toDate(occurred_at) BETWEEN toDate({baseline:UInt32}, 'UTC') AND toDate({since:UInt32}, 'UTC')
                    AND at >= {baseline:UInt32} AND at < {since:UInt32}
                    AND ((toDate(occurred_at) = toDate({baseline:UInt32}, 'UTC') AND first_hour > {baseline:UInt32} AND at < first_hour)
                        OR (toDate(occurred_at) = toDate({since:UInt32}, 'UTC') AND end_hour < {since:UInt32} AND at >= end_hour)
                        OR not_counted)
            )
            ARRAY JOIN its_phrases AS phrase
        )
        GROUP BY phrase
    ) AS before ON before.phrase = now.phrase
)
WHERE phrase != '';
