INSERT INTO dead_letters
SELECT
    'score', 'tickets.events.v1', number % 8, number, ['not_json', 'no_id', 'bad_time'][1 + number % 3], 'value: not JSON', 1,
    {until} - toIntervalMinute(37 * number + 3), NULL, '?', '[]', number % 8, number, number + 1
FROM numbers(toUInt64({days} * 24 * 60 / 37))
