-- Who was erased (docs/privacy.md): keyed hashes of people and tickets, so that neither a sink whose offsets were reset nor an import
-- brings them back. Nothing here tells who it is.
CREATE TABLE IF NOT EXISTS erased
(
    hash String COMMENT 'key id and HMAC of a tenant with a customer id, mail address, telephone number or ticket id',
    until UInt64 COMMENT 'Unix milliseconds: what happened up to then is left out; 9007199254740992 of a ticket: all of it',
    erasure_id LowCardinality(String),
    at DateTime('UTC') DEFAULT now('UTC')
)
ENGINE = ReplacingMergeTree(until)
ORDER BY hash;
