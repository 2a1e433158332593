-- What an HSS keeps of its subscribers, as subscribers.sql has it, for MariaDB.
CREATE TABLE IF NOT EXISTS subscription (
    impi          VARCHAR(255) PRIMARY KEY,
    k             VARBINARY(64),            -- AKA: K and OPc, 16 octets each, else NULL
    opc           VARBINARY(64),
    amf           VARBINARY(2) NOT NULL,
    password      VARBINARY(1024),          -- SIP Digest, else NULL
    roaming       BOOLEAN NOT NULL DEFAULT TRUE,
    sqn           BIGINT UNSIGNED NOT NULL DEFAULT 0,
    state         VARCHAR(20) NOT NULL DEFAULT 'not-registered',
    pending       BOOLEAN NOT NULL DEFAULT FALSE,
    server_name   VARCHAR(1024),
    server_host   VARCHAR(255)
) ENGINE = InnoDB;

DROP TABLE IF EXISTS identity;
CREATE TABLE identity (
    impu     VARCHAR(255) NOT NULL,
    impi     VARCHAR(255) NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (impu, impi),
    FOREIGN KEY (impi) REFERENCES subscription (impi) ON DELETE CASCADE
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS filter_criterion (
    impi      VARCHAR(255) NOT NULL,
    position  INTEGER NOT NULL,
    criterion MEDIUMTEXT NOT NULL,          -- JSON: priority, groups of triggers, server, what happens where it is silent
    PRIMARY KEY (impi, position),
    FOREIGN KEY (impi) REFERENCES subscription (impi) ON DELETE CASCADE
) ENGINE = InnoDB;
