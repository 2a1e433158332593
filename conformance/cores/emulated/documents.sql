CREATE TABLE IF NOT EXISTS document (
    auid TEXT NOT NULL,
    tree TEXT NOT NULL,
    xui TEXT NOT NULL,
    name TEXT NOT NULL,
    content BLOB NOT NULL,
    etag TEXT NOT NULL,
    PRIMARY KEY (auid, tree, xui, name)
);
