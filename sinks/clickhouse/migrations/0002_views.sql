-- What people read. FINAL, so that a row counts once also before the engine has merged its duplicates.

CREATE OR REPLACE VIEW scored_events_now AS SELECT * FROM scored_events FINAL;

CREATE OR REPLACE VIEW escalations_now AS SELECT * FROM escalations FINAL;

CREATE OR REPLACE VIEW dead_letters_now AS SELECT * FROM dead_letters FINAL;

CREATE OR REPLACE VIEW windows_now AS
SELECT
    *,
    start + toIntervalSecond(size) AS end,
    if(scored = 0, NULL, (very_negative + negative) / scored) AS negative_share,
    if(scored = 0, NULL, escalations / scored) AS escalation_rate,
    if(scored = 0, NULL, score_sum / 100 / scored) AS score_avg,
    if(ratings = 0, NULL, satisfaction / ratings) AS satisfaction_avg
FROM windows FINAL;
