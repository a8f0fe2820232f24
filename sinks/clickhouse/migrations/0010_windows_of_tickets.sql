-- What windows know of tickets: how many, what their customers feel, how long they wait. And the dimensions agent, product and journey
-- stage; of each, values beyond the bound share the value `other`.

ALTER TABLE scored_events
    ADD COLUMN IF NOT EXISTS author LowCardinality(String) AFTER voice,
    ADD COLUMN IF NOT EXISTS product LowCardinality(String) AFTER journey_stage;

ALTER TABLE windows
    MODIFY COLUMN dimension LowCardinality(String) COMMENT 'overall, channel, category, priority, agent, product, journey_stage',
    ADD COLUMN IF NOT EXISTS tickets UInt64 COMMENT 'distinct' AFTER satisfaction,
    ADD COLUMN IF NOT EXISTS reopened UInt64 AFTER tickets,
    ADD COLUMN IF NOT EXISTS responded_in_time UInt64 COMMENT 'of those in response_times' AFTER reopened,
    ADD COLUMN IF NOT EXISTS resolved_in_time UInt64 COMMENT 'of those in resolution_times' AFTER responded_in_time,
    ADD COLUMN IF NOT EXISTS emotions Map(LowCardinality(String), UInt64) AFTER resolved_in_time,
    ADD COLUMN IF NOT EXISTS urgencies Map(LowCardinality(String), UInt64) AFTER emotions,
    ADD COLUMN IF NOT EXISTS response_times Map(UInt16, UInt64)
        COMMENT 'by bucket: above 1.04^(bucket - 1), up to 1.04^bucket milliseconds' AFTER urgencies,
    ADD COLUMN IF NOT EXISTS resolution_times Map(UInt16, UInt64) COMMENT 'as response_times' AFTER response_times;

-- Quantiles are seconds, within 2 %: the middle of the bucket that the wanted place among the times falls into.
CREATE OR REPLACE VIEW windows_now AS
WITH
    arraySort(arrayZip(mapKeys(response_times), mapValues(response_times))) AS responses,
    arrayCumSum(responses.2) AS responses_passed,
    arraySort(arrayZip(mapKeys(resolution_times), mapValues(resolution_times))) AS resolutions,
    arrayCumSum(resolutions.2) AS resolutions_passed,
    2 / 2.04 / 1000 AS middle
SELECT
    windows.*,
    start + toIntervalSecond(size) AS end,
    if(scored = 0, NULL, (very_negative + negative) / scored) AS negative_share,
    if(scored = 0, NULL, escalations / scored) AS escalation_rate,
    if(scored = 0, NULL, score_sum / 100 / scored) AS score_avg,
    if(ratings = 0, NULL, satisfaction / ratings) AS satisfaction_avg,
    if(empty(responses), NULL, middle * pow(1.04,
        responses.1[arrayFirstIndex(passed -> passed >= 0.5 * responses_passed[-1], responses_passed)])) AS response_p50,
    if(empty(responses), NULL, middle * pow(1.04,
        responses.1[arrayFirstIndex(passed -> passed >= 0.95 * responses_passed[-1], responses_passed)])) AS response_p95,
    if(empty(resolutions), NULL, middle * pow(1.04,
        resolutions.1[arrayFirstIndex(passed -> passed >= 0.5 * resolutions_passed[-1], resolutions_passed)])) AS resolution_p50,
    if(empty(resolutions), NULL, middle * pow(1.04,
        resolutions.1[arrayFirstIndex(passed -> passed >= 0.95 * resolutions_passed[-1], resolutions_passed)])) AS resolution_p95
FROM windows FINAL;

CREATE OR REPLACE VIEW scored_events_now AS SELECT * FROM scored_events FINAL;
