-- Customers' worst messages escalate. Most were acknowledged and answered within hours, half of them are resolved; every third record
-- has an older revision too.
INSERT INTO escalations
(
    tenant, escalation_id, number, ticket_id, event_id, policy, policy_version, rule, raised_by, episode, priority,
    reason, occurred_at, appended_at, channel, category, status, score, label, emotion, text, queue, respond_by, state,
    revision, updated_at, acknowledged_at, first_response_at, first_response_seconds, resolved_at, resolution_seconds,
    resolution_category, reopened, record, version
)
WITH
    cityHash64(event_id) AS h,
    toIntervalSecond(exp(5 + h % 1000 / 250)) AS until_answer,
    toIntervalSecond(exp(8 + bitShiftRight(h, 10) % 1000 / 250)) AS until_end,
    occurred_at + until_answer < {until} AND h % 9 > 0 AS answered,
    answered AND bitShiftRight(h, 20) % 2 = 0 AND occurred_at + until_answer + until_end < {until} AS ended,
    ['low', 'medium', 'high', 'urgent'][1 + bitShiftRight(h, 24) % 4] AS how_urgent
SELECT
    tenant, reinterpretAsUUID(sipHash128(ticket_id, event_id)), concat('TKT-2026-', toString(h % 100000)), ticket_id, event_id, 'support', 1,
    ['very_negative', 'threat', 'repeat_contact', 'wants_human'][1 + bitShiftRight(h, 28) % 4] AS first_rule, [first_rule], 1, how_urgent,
    concat('score ', toString(score), ' is below 0.80'), occurred_at, occurred_at + toIntervalMillisecond(80),
    channel, category, 'open', score, label, emotion, 'words of the customer', ['first', 'second'][1 + bitShiftRight(h, 32) % 2],
    occurred_at + toIntervalHour(multiIf(how_urgent = 'urgent', 1, how_urgent = 'high', 4, 24)),
    multiIf(ended, 'resolved', answered, 'responded', 'open') AS how_it_stands,
    revision, occurred_at + toIntervalMinute(revision),
    if(answered AND revision = 2, occurred_at + toIntervalSecond(60), NULL),
    if(answered AND revision = 2, occurred_at + until_answer, NULL) AS at,
    if(isNull(at), NULL, dateDiff('second', occurred_at, assumeNotNull(at))),
    if(ended AND revision = 2, occurred_at + until_answer + until_end, NULL) AS end_at,
    if(isNull(end_at), NULL, dateDiff('second', occurred_at, assumeNotNull(end_at))),
    if(ended, 'refunded', ''), 0, repeat('{{"evidence": "words"}}', 20), h % 1000000 * 10 + revision
FROM events_by_time FINAL
ARRAY JOIN if(cityHash64(event_id) % 3 = 0, [1, 2], [2]) AS revision
WHERE scored AND voice = 'customer' AND score < 0.8
