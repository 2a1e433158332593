CREATE TABLE IF NOT EXISTS publication (
    etag TEXT PRIMARY KEY,
    presentity TEXT NOT NULL,
    body BLOB NOT NULL,
    changed_ns INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS subscription (
    call_id TEXT NOT NULL,
    tag TEXT NOT NULL,
    package TEXT NOT NULL,
    presentity TEXT NOT NULL,
    watcher TEXT NOT NULL,
    watch TEXT NOT NULL,
    event TEXT NOT NULL,
    dialog TEXT NOT NULL,
    version INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (call_id, tag)
);
