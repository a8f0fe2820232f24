-- A spike or a fall every seven hours, for two hours; the last one still fires.
INSERT INTO alerts
WITH
    {until} - toIntervalHour(7 * number + 1) AS began,
    number = 0 AS fires
SELECT
    'default', reinterpretAsUUID(sipHash128('alert', number)), ['spike', 'spike', 'fall', 'silence'][1 + number % 4] AS what,
    ['volume', 'very_negative', 'negative_share', 'escalation_rate', 'score', 'category_share'][1 + number % 6] AS of_what,
    ['overall', 'channel', 'category'][1 + number % 3] AS of_dimension,
    ['', 'email', 'billing'][1 + number % 3],
    if(number % 5 = 0, 'critical', 'warning'), if(fires, 'firing', 'resolved'), if(fires, 1, 4),
    began, began + toIntervalMinute(5), if(fires, began + toIntervalMinute(20), began + toIntervalHour(2)) AS changed,
    if(fires, NULL, changed), 300, 90, 30, 120, 3, 1e-9,
    (SELECT groupUniqArray(5)(ticket_id) FROM events_by_time WHERE tenant = 'default'),
    [('charge refund', 0.3, 0.02), ('login error', 0.2, 0.01)],
    concat(of_what, ' ', what), '{{}}', 0, number, number + 1
FROM numbers(toUInt64({days} * 24 / 7))
