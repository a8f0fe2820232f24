-- The local log in one file. A record's id is its partition's slot and its offset in one number, so that each partition is one
-- contiguous range of the table and an append goes to the range's end.
CREATE TABLE IF NOT EXISTS topics (
    name       TEXT PRIMARY KEY,
    partitions INTEGER NOT NULL,
    retention  INTEGER              -- milliseconds; NULL: for ever
) STRICT;

CREATE TABLE IF NOT EXISTS slots (
    slot      INTEGER PRIMARY KEY,
    topic     TEXT NOT NULL,
    partition INTEGER NOT NULL,
    earliest  INTEGER NOT NULL DEFAULT 0,
    next      INTEGER NOT NULL DEFAULT 0,
    UNIQUE (topic, partition)
) STRICT;

CREATE TABLE IF NOT EXISTS records (
    id        INTEGER PRIMARY KEY,  -- slot << 40 | offset
    timestamp INTEGER NOT NULL,     -- of the append, Unix milliseconds
    key       BLOB,
    value     BLOB,
    headers   BLOB                  -- msgpack [[name, value], …]; NULL: none
) STRICT;

CREATE TABLE IF NOT EXISTS owners (
    owner          INTEGER PRIMARY KEY,
    stage          TEXT NOT NULL,
    partition      INTEGER NOT NULL,
    epoch          INTEGER NOT NULL DEFAULT 0,
    next           INTEGER,         -- NULL: nothing was ever committed
    applied        INTEGER,
    last_offset    INTEGER,
    last_timestamp INTEGER,
    UNIQUE (stage, partition)
) STRICT;

CREATE TABLE IF NOT EXISTS state (
    owner INTEGER NOT NULL,
    key   BLOB NOT NULL,
    row   BLOB NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS group_positions (
    "group"   TEXT NOT NULL,
    topic     TEXT NOT NULL,
    partition INTEGER NOT NULL,
    next      INTEGER NOT NULL,
    PRIMARY KEY ("group", topic, partition)
) STRICT, WITHOUT ROWID;
