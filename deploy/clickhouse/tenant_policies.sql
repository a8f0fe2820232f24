-- Tenants that read ClickHouse themselves: each sees its own rows only, whatever it asks, and takes no more than its share of the server.
-- A second wall behind the API, which puts the tenant into each question. Run it as an administrator, after `ticketpulse migrate`, and
-- again after an update: clickhouse-client --database ticketpulse --multiquery < tenant_policies.sql
--
-- A tenant's user is named tenant_<tenant>, which is how its rows are found:
--   CREATE USER tenant_acme IDENTIFIED WITH sha256_password BY '…' DEFAULT ROLE tenant_reader;
-- Users without the role, such as the pipeline's and the page's, are not touched, unless the server's configuration says
-- users_without_row_policies_can_read_rows = false: then they need a policy of their own (USING 1).
-- Not granted are dead letters, which may be nobody's, and whatever has no tenant.

CREATE ROLE IF NOT EXISTS tenant_reader;

-- Nobody starves the page by a question: two threads, a GiB and half a minute for each, two at a time, and so many in an hour.
CREATE SETTINGS PROFILE IF NOT EXISTS tenant_reader_limits SETTINGS readonly = 1, max_threads = 2, max_memory_usage = 1073741824,
    max_execution_time = 30, max_concurrent_queries_for_user = 2, priority = 10 TO tenant_reader;
CREATE QUOTA IF NOT EXISTS tenant_reader_quota KEYED BY user_name FOR INTERVAL 1 hour MAX queries = 2000, execution_time = 1200
    TO tenant_reader;

CREATE ROW POLICY IF NOT EXISTS tenant_rows ON alerts USING tenant = substring(currentUser(), 8) TO tenant_reader;
CREATE ROW POLICY IF NOT EXISTS tenant_rows ON assignments USING tenant = substring(currentUser(), 8) TO tenant_reader;
CREATE ROW POLICY IF NOT EXISTS tenant_rows ON audit USING tenant = substring(currentUser(), 8) TO tenant_reader;
CREATE ROW POLICY IF NOT EXISTS tenant_rows ON corrections USING tenant = substring(currentUser(), 8) TO tenant_reader;
CREATE ROW POLICY IF NOT EXISTS tenant_rows ON enrichments USING tenant = substring(currentUser(), 8) TO tenant_reader;
CREATE ROW POLICY IF NOT EXISTS tenant_rows ON escalations USING tenant = substring(currentUser(), 8) TO tenant_reader;
CREATE ROW POLICY IF NOT EXISTS tenant_rows ON events_by_time USING tenant = substring(currentUser(), 8) TO tenant_reader;
CREATE ROW POLICY IF NOT EXISTS tenant_rows ON inserted_days USING tenant = substring(currentUser(), 8) TO tenant_reader;
CREATE ROW POLICY IF NOT EXISTS tenant_rows ON notifications USING tenant = substring(currentUser(), 8) TO tenant_reader;
CREATE ROW POLICY IF NOT EXISTS tenant_rows ON phrases_by_day USING tenant = substring(currentUser(), 8) TO tenant_reader;
CREATE ROW POLICY IF NOT EXISTS tenant_rows ON predictions USING tenant = substring(currentUser(), 8) TO tenant_reader;
CREATE ROW POLICY IF NOT EXISTS tenant_rows ON predictions_newest USING tenant = substring(currentUser(), 8) TO tenant_reader;
CREATE ROW POLICY IF NOT EXISTS tenant_rows ON reanalyses USING tenant = substring(currentUser(), 8) TO tenant_reader;
CREATE ROW POLICY IF NOT EXISTS tenant_rows ON scored_events USING tenant = substring(currentUser(), 8) TO tenant_reader;
CREATE ROW POLICY IF NOT EXISTS tenant_rows ON shadow_scores USING tenant = substring(currentUser(), 8) TO tenant_reader;
CREATE ROW POLICY IF NOT EXISTS tenant_rows ON suggestion_uses USING tenant = substring(currentUser(), 8) TO tenant_reader;
CREATE ROW POLICY IF NOT EXISTS tenant_rows ON tickets_begun USING tenant = substring(currentUser(), 8) TO tenant_reader;
CREATE ROW POLICY IF NOT EXISTS tenant_rows ON windows USING tenant = substring(currentUser(), 8) TO tenant_reader;

GRANT SELECT ON alerts TO tenant_reader;
GRANT SELECT ON assignments TO tenant_reader;
GRANT SELECT ON audit TO tenant_reader;
GRANT SELECT ON corrections TO tenant_reader;
GRANT SELECT ON enrichments TO tenant_reader;
GRANT SELECT ON escalations TO tenant_reader;
GRANT SELECT ON events_by_time TO tenant_reader;
GRANT SELECT ON inserted_days TO tenant_reader;
GRANT SELECT ON notifications TO tenant_reader;
GRANT SELECT ON phrases_by_day TO tenant_reader;
GRANT SELECT ON predictions TO tenant_reader;
GRANT SELECT ON predictions_newest TO tenant_reader;
GRANT SELECT ON reanalyses TO tenant_reader;
GRANT SELECT ON scored_events TO tenant_reader;
GRANT SELECT ON shadow_scores TO tenant_reader;
GRANT SELECT ON suggestion_uses TO tenant_reader;
GRANT SELECT ON tickets_begun TO tenant_reader;
GRANT SELECT ON windows TO tenant_reader;

-- Views read by the rights of who asks, so the policies hold in them.
GRANT SELECT ON alerts_now TO tenant_reader;
GRANT SELECT ON assignments_now TO tenant_reader;
GRANT SELECT ON assignments_standing TO tenant_reader;
GRANT SELECT ON corrections_now TO tenant_reader;
GRANT SELECT ON corrections_standing TO tenant_reader;
GRANT SELECT ON enrichments_now TO tenant_reader;
GRANT SELECT ON escalations_now TO tenant_reader;
GRANT SELECT ON messages_read TO tenant_reader;
GRANT SELECT ON notifications_now TO tenant_reader;
GRANT SELECT ON predictions_now TO tenant_reader;
GRANT SELECT ON predictions_standing TO tenant_reader;
GRANT SELECT ON scored_events_now TO tenant_reader;
GRANT SELECT ON windows_now TO tenant_reader;
