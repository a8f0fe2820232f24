-- What else was read from a text, and why it scored as it did. `reading` is never stored: the other columns are made of it when a row
-- arrives, by the engine, which reads JSON many times as fast as a client sends lists.

ALTER TABLE scored_events
    ADD COLUMN IF NOT EXISTS confidence Float64 COMMENT '0 to 1' AFTER subjectivity,
    ADD COLUMN IF NOT EXISTS reasons String DEFAULT '[]' COMMENT 'JSON list: rule, term, points, start, end' AFTER confidence,
    ADD COLUMN IF NOT EXISTS reading String EPHEMERAL COMMENT 'JSON',
    ADD COLUMN IF NOT EXISTS emotion LowCardinality(String) DEFAULT JSONExtractString(reading, 'emotion') AFTER reasons,
    ADD COLUMN IF NOT EXISTS emotions Map(LowCardinality(String), Float64)
        DEFAULT JSONExtract(reading, 'emotions', 'Map(LowCardinality(String), Float64)') AFTER emotion,
    ADD COLUMN IF NOT EXISTS urgency LowCardinality(String)
        DEFAULT if(JSONHas(reading, 'urgency'), JSONExtractString(reading, 'urgency'), 'medium') AFTER emotions,
    ADD COLUMN IF NOT EXISTS subcategory LowCardinality(String)
        DEFAULT JSONExtractString(reading, 'subcategory') AFTER urgency,
    ADD COLUMN IF NOT EXISTS key_phrases Array(String)
        DEFAULT JSONExtract(reading, 'key_phrases', 'Array(String)') AFTER subcategory,
    ADD COLUMN IF NOT EXISTS signals Array(LowCardinality(String))
        DEFAULT JSONExtract(reading, 'signals', 'Array(LowCardinality(String))') AFTER key_phrases,
    ADD COLUMN IF NOT EXISTS questions UInt32 DEFAULT JSONExtractUInt(reading, 'questions') AFTER signals,
    ADD COLUMN IF NOT EXISTS keywords Array(String)
        DEFAULT JSONExtract(reading, 'keywords', 'Array(String)') AFTER questions;

-- A view keeps the columns that its table had when it was made.

CREATE OR REPLACE VIEW scored_events_now AS SELECT * FROM scored_events FINAL;

CREATE OR REPLACE VIEW scored_events_between AS
SELECT * FROM scored_events FINAL
PREWHERE tenant = {tenant:String}
    AND occurred_at >= toDateTime({since:UInt32}, 'UTC')
    AND occurred_at < toDateTime({until:UInt32}, 'UTC');
