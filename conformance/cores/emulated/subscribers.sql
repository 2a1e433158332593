-- What an HSS keeps of its subscribers (3GPP TS 23.008 3). One file a testbed; it outlives the HSS.
CREATE TABLE IF NOT EXISTS subscription (
    impi          TEXT PRIMARY KEY,
    k             BLOB,             -- AKA: K and OPc, 16 octets each; else NULL
    opc           BLOB,
    amf           BLOB NOT NULL,    -- 2 octets
    password      BLOB,             -- SIP Digest; else NULL
    roaming       INTEGER NOT NULL DEFAULT 1,  -- 0: may register from the home network only
    sqn           INTEGER NOT NULL DEFAULT 0,  -- the sequence number that was used last
    state         TEXT NOT NULL DEFAULT 'not-registered',
    pending       INTEGER NOT NULL DEFAULT 0,  -- authentication was begun and not yet ended by SAR
    server_name   TEXT,             -- SIP URI of the S-CSCF
    server_host   TEXT              -- Diameter identity of the S-CSCF
) STRICT;

-- Written anew at each start. Devices of one user share public identities, each with a private one of its own.
DROP TABLE IF EXISTS identity;
CREATE TABLE identity (
    impu     TEXT NOT NULL,
    impi     TEXT NOT NULL REFERENCES subscription (impi) ON DELETE CASCADE,
    position INTEGER NOT NULL,      -- 0: the default public user identity
    PRIMARY KEY (impu, impi)
) STRICT;

CREATE TABLE IF NOT EXISTS filter_criterion (
    impi      TEXT NOT NULL REFERENCES subscription (impi) ON DELETE CASCADE,
    position  INTEGER NOT NULL,
    criterion TEXT NOT NULL,        -- JSON: priority, groups of triggers, server, what happens where it is silent
    PRIMARY KEY (impi, position)
) STRICT;
