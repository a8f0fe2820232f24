-- What becomes of an escalation, and what the person was given. A row is the newest revision of its record.

ALTER TABLE escalations
    ADD COLUMN IF NOT EXISTS number String COMMENT 'TKT-2026-0001; empty until it is given' AFTER escalation_id,
    ADD COLUMN IF NOT EXISTS session String AFTER ticket_id,
    ADD COLUMN IF NOT EXISTS correlation_id String AFTER event_id,
    ADD COLUMN IF NOT EXISTS arm LowCardinality(String) COMMENT 'trial:policy for a ticket in a trial' AFTER policy_version,
    ADD COLUMN IF NOT EXISTS raised_by Array(LowCardinality(String)) AFTER rule,
    ADD COLUMN IF NOT EXISTS priority_before LowCardinality(String) DEFAULT priority AFTER episode,
    ADD COLUMN IF NOT EXISTS emotion LowCardinality(String) AFTER label,
    ADD COLUMN IF NOT EXISTS journey_stage LowCardinality(String) AFTER emotion,
    ADD COLUMN IF NOT EXISTS subject String AFTER journey_stage,
    ADD COLUMN IF NOT EXISTS queue LowCardinality(String) AFTER customer_id,
    ADD COLUMN IF NOT EXISTS respond_by Nullable(DateTime64(3, 'UTC')) AFTER queue,
    ADD COLUMN IF NOT EXISTS state LowCardinality(String) DEFAULT 'open' COMMENT 'open, acknowledged, responded, resolved' AFTER respond_by,
    ADD COLUMN IF NOT EXISTS revision UInt32 DEFAULT 1 AFTER state,
    ADD COLUMN IF NOT EXISTS updated_at DateTime64(3, 'UTC') DEFAULT occurred_at AFTER revision,
    ADD COLUMN IF NOT EXISTS acknowledged_at Nullable(DateTime64(3, 'UTC')) AFTER updated_at,
    ADD COLUMN IF NOT EXISTS first_response_at Nullable(DateTime64(3, 'UTC')) AFTER acknowledged_at,
    ADD COLUMN IF NOT EXISTS first_response_seconds Nullable(Float64) AFTER first_response_at,
    ADD COLUMN IF NOT EXISTS resolved_at Nullable(DateTime64(3, 'UTC')) AFTER first_response_seconds,
    ADD COLUMN IF NOT EXISTS resolution_seconds Nullable(Float64) AFTER resolved_at,
    ADD COLUMN IF NOT EXISTS resolution_notes String AFTER resolution_seconds,
    ADD COLUMN IF NOT EXISTS resolution_category LowCardinality(String) AFTER resolution_notes,
    ADD COLUMN IF NOT EXISTS reopened UInt32 AFTER resolution_category,
    ADD COLUMN IF NOT EXISTS record String DEFAULT '{}' COMMENT 'JSON: the whole record, with evidence, messages, reply and note' AFTER reopened;

CREATE OR REPLACE VIEW escalations_now AS SELECT * FROM escalations FINAL;
