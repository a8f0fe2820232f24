-- Re-analyses: what was asked, under which model epoch it is written, and how far it is. A row is the newest revision of its run.
-- The epoch of a run is one above the highest that any run or row has, so that its rows outrank all that were there before.

CREATE TABLE IF NOT EXISTS reanalyses
(
    id UUID,
    tenant LowCardinality(String) COMMENT 'empty: of all tenants',
    asked String COMMENT 'JSON: the selection as it was asked for',
    epoch UInt32,
    scorer LowCardinality(String) COMMENT 'name and version of the model by which most texts were scored',
    program LowCardinality(String) COMMENT 'version of this program',
    state LowCardinality(String) COMMENT 'running, stopped, failed, done',
    error String,
    tickets UInt64 COMMENT 'of the selection',
    events UInt64 COMMENT 'of the selection: those that are scored anew',
    done UInt64 COMMENT 'events whose new rows are stored',
    relabelled UInt64 COMMENT 'of those, the ones whose label or category is another now',
    unscored UInt64 COMMENT 'of those, the ones without a text or that could not be scored',
    windows UInt64 COMMENT 'stored anew',
    escalations UInt64 COMMENT 'tickets for which an escalation was asked for',
    reached String COMMENT 'JSON: the last key of which all rows up to it are stored; where a resumed run goes on',
    started_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC'),
    ended_at Nullable(DateTime64(3, 'UTC')),
    version UInt64 COMMENT 'rises with each report of the run'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY id;

CREATE OR REPLACE VIEW reanalyses_now AS SELECT * FROM reanalyses FINAL;
