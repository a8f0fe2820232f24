-- What a page that is refreshed every second can afford: rows of one tenant and one span, filtered before FINAL instead of after it.
-- Filtering first drops no newer version of a row, because the tenant and the time of a row's id never change.

CREATE OR REPLACE VIEW scored_events_between AS
SELECT * FROM scored_events FINAL
PREWHERE tenant = {tenant:String}
    AND occurred_at >= toDateTime({since:UInt32}, 'UTC')
    AND occurred_at < toDateTime({until:UInt32}, 'UTC');
