-- What the sender of a message that was relayed is owed: a word that it waits (null: none, or he has it), and one that it failed.
ALTER TABLE jobs ADD COLUMN warn_at     INTEGER;
ALTER TABLE jobs ADD COLUMN owes_report INTEGER NOT NULL DEFAULT 0;
CREATE INDEX jobs_owed ON jobs (arrival_id) WHERE state = 'failed' AND owes_report = 1;

CREATE TABLE gateway (             -- one row: who we are, wherever we run
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  name BLOB    NOT NULL DEFAULT (randomblob(8)),
  key  BLOB    NOT NULL DEFAULT (randomblob(32))  -- of the tokens in return paths
) STRICT;
INSERT INTO gateway (id) VALUES (1);

CREATE TABLE turned_away (         -- messages that no door could refuse and no rule took: set aside
  ref        BLOB    PRIMARY KEY,  -- made by the door
  sender     TEXT    NOT NULL,     -- of the envelope: somebody
  recipients TEXT    NOT NULL,     -- JSON
  header_id  TEXT    NOT NULL,
  subject    TEXT    NOT NULL,
  header     BLOB    NOT NULL,
  why        TEXT    NOT NULL,
  turned_at  INTEGER NOT NULL,
  told       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX turned_away_untold ON turned_away (ref) WHERE told = 0;
CREATE INDEX turned_away_at     ON turned_away (turned_at);

CREATE TABLE suppressions (        -- addresses that no mail is sent to
  address TEXT    PRIMARY KEY,     -- in small letters
  why     TEXT    NOT NULL CHECK (why IN ('hard_bounce', 'by_operator')),
  said    TEXT    NOT NULL,
  since   INTEGER NOT NULL,
  until   INTEGER                  -- null: until it is removed
) STRICT, WITHOUT ROWID;
