-- The users of ticketpulse on a ClickHouse server, each with what its processes do and nothing else. An administrator
-- runs it once, and again after an update:
--
--     clickhouse-client --user admin --ask-password --queries-file deploy/clickhouse/users.sql
--
-- The database is `ticketpulse`; for another name: sed 's/ticketpulse\./tickets./; s/EXISTS ticketpulse;/EXISTS tickets;/'.
-- No user has a password here (none has that digest) nor a place to log in from, before both are set:
--     ALTER USER ticketpulse_writer IDENTIFIED WITH sha256_password BY '…' HOST IP '10.0.0.0/8';
-- or, with certificates (docs/clickhouse-security.md): ALTER USER … IDENTIFIED WITH ssl_certificate CN 'writer';

CREATE DATABASE IF NOT EXISTS ticketpulse;

-- `ticketpulse migrate`: makes and alters tables and views. Materialized views work with its rights.
CREATE USER IF NOT EXISTS ticketpulse_migrations IDENTIFIED WITH sha256_hash BY '0000000000000000000000000000000000000000000000000000000000000000' HOST NONE;
GRANT SELECT, INSERT, CREATE TABLE, CREATE VIEW, DROP TABLE, DROP VIEW, ALTER, SHOW ON ticketpulse.* TO ticketpulse_migrations;
GRANT SET DEFINER ON ticketpulse_migrations TO ticketpulse_migrations;

-- `sink clickhouse`, `reanalyze`, `import --no-kafka`, `windows rebuild`; and the page, where re-analyses are begun there.
CREATE USER IF NOT EXISTS ticketpulse_writer IDENTIFIED WITH sha256_hash BY '0000000000000000000000000000000000000000000000000000000000000000' HOST NONE;
GRANT SELECT, INSERT ON ticketpulse.* TO ticketpulse_writer;

-- `serve page`, `report`, `predict`, `sql`, `backtest`, `train`. readonly = 2: a query may set its own limits.
CREATE USER IF NOT EXISTS ticketpulse_reader IDENTIFIED WITH sha256_hash BY '0000000000000000000000000000000000000000000000000000000000000000' HOST NONE SETTINGS readonly = 2;
GRANT SELECT ON ticketpulse.* TO ticketpulse_reader;

-- `privacy erase` and `privacy export`: removes a person's rows, and notes in `erased` who is not to come back. In the
-- audit the name is replaced.
CREATE USER IF NOT EXISTS ticketpulse_eraser IDENTIFIED WITH sha256_hash BY '0000000000000000000000000000000000000000000000000000000000000000' HOST NONE;
GRANT SELECT, ALTER DELETE ON ticketpulse.* TO ticketpulse_eraser;
GRANT ALTER UPDATE ON ticketpulse.audit TO ticketpulse_eraser;
GRANT INSERT ON ticketpulse.erased TO ticketpulse_eraser;
