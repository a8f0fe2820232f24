-- Events number {first} up to, not including, {last} of a desk's {events} events in {days} days before {until}: a small part of a history,
-- so that parts of it can be inserted one after the other, as they would have come. {together} tickets at a time
-- have four events each, and ids that say nothing of time. A quarter are agents' replies, one in forty a rating.
INSERT INTO scored_events
(
    tenant, ticket_id, event_id, type, channel, priority, category, subcategory, voice, status, customer_id, agent_id,
    language, journey_stage, occurred_at, received_at, appended_at, subject, text, scored, score, label, compound,
    polarity, subjectivity, confidence, reasons, emotion, urgency, key_phrases, signals, questions, satisfaction, scorer,
    model_epoch, log_partition, log_offset, version
)
WITH
    ['email', 'email', 'email', 'chat', 'chat', 'web', 'web', 'phone', 'whatsapp', 'in_app', 'social'] AS channels,
    ['billing', 'billing', 'technical', 'technical', 'account', 'general', 'delivery', 'feature', 'integration'] AS categories,
    ['charge', 'invoice', 'refund', 'card', 'login', 'password', 'error', 'screen', 'export', 'report', 'order', 'parcel',
        'address', 'courier', 'plan', 'seat', 'token', 'webhook', 'reply', 'agent', 'call', 'price', 'update', 'crash'] AS words,
    number AS n,
    {until} - toIntervalMillisecond(intDiv(({events} - n) * {days} * 86400000, {events})) AS happened,
    cityHash64('ticket', intDiv(n, {together} * 4), n % {together}) AS ticket,
    cityHash64('event', n) AS h,
    h % 4 = 3 AS by_agent,
    h % 40 = 0 AS is_rating,
    NOT by_agent AND NOT is_rating AS is_text,
    bitShiftRight(h, 8) % 1000 / 100 AS points,
    channels[1 + bitShiftRight(ticket, 4) % length(channels)] AS ticket_channel,
    arrayMap(i -> toUInt32(pow(576, (cityHash64(n, i) % 100000) / 100000)) - 1, range(3)) AS topics
SELECT
    if(ticket % 100 = 99, 'other', 'default'),
    lower(hex(ticket)),
    lower(hex(h)),
    multiIf(by_agent, 'agent_reply', is_rating, 'rated', 'message'),
    ticket_channel,
    ['medium', 'medium', 'low', 'high', 'urgent'][1 + bitShiftRight(ticket, 12) % 5],
    categories[1 + bitShiftRight(ticket, 20) % length(categories)] AS of_category,
    concat(of_category, '_', toString(bitShiftRight(ticket, 30) % 4)),
    if(by_agent, 'agent', 'customer'),
    ['open', 'in_progress', 'awaiting_customer', 'resolved'][1 + bitShiftRight(h, 40) % 4],
    concat('customer-', toString(ticket % 50000)),
    if(by_agent, concat('agent-', toString(bitShiftRight(h, 44) % 200)), ''),
    'en',
    ['', 'order', 'delivery', 'return'][1 + bitShiftRight(ticket, 36) % 4],
    happened, happened, happened + toIntervalMillisecond(40),
    concat('About ', words[1 + h % length(words)]),
    concat(words[1 + bitShiftRight(h, 3) % length(words)], ' ', hex(sipHash128(n)), ' ', hex(sipHash128(n, 1))),
    is_text OR by_agent AS has_score,
    if(has_score, toDecimal64(points, 2), 0),
    multiIf(NOT has_score, 'unset', points < 2, 'very_negative', points < 4, 'negative', points < 6, 'neutral',
        points < 8, 'positive', 'very_positive'),
    points / 5 - 1, points / 5 - 1, 0.5, 0.8, '[]',
    if(is_text, ['', 'frustrated', 'angry', 'calm', 'grateful'][1 + bitShiftRight(h, 24) % 5], ''),
    ['low', 'medium', 'medium', 'high'][1 + bitShiftRight(h, 28) % 4],
    if(is_text, arrayMap(i -> concat(words[1 + intDiv(i, 24)], ' ', words[1 + i % 24]), topics), []),
    [], 0,
    if(is_rating, 1 + bitShiftRight(h, 50) % 5, 0),
    'history', 1, n % 8, n, n + 1
FROM numbers_mt({first}, {last} - {first})
