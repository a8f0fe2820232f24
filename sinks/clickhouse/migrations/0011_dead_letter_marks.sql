-- What was done about a dead letter beside it. A mark is a record of the same topic, so its row is in the same table: its stage is dlq, and
-- its topic, partition and offset are the letter's place. The last mark of a letter holds; who reads the view sees letters only.

CREATE OR REPLACE VIEW dead_letters_now AS
SELECT
    letters.*,
    if(marks.state = '', 'open', marks.state) AS state,
    if(marks.state = '', NULL, marks.at) AS marked_at,
    marks.note AS note
FROM
(
    SELECT * FROM dead_letters FINAL WHERE NOT (stage = 'dlq' AND topic = 'tickets.dead-letters.v1')
) AS letters
LEFT JOIN
(
    SELECT
        toUInt32(partition) AS log_partition,
        toUInt64(offset) AS log_offset,
        argMax(reason, version) AS state,
        argMax(failed_at, version) AS at,
        argMax(message, version) AS note
    FROM dead_letters FINAL
    WHERE stage = 'dlq' AND topic = 'tickets.dead-letters.v1' AND reason IN ('redriven', 'dropped')
    GROUP BY partition, offset
) AS marks USING (log_partition, log_offset);
