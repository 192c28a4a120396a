-- What the doors of applications remember.
CREATE TABLE message_keys (        -- under it a message is taken in once (`idempotency_key`); for a week, whatever becomes of the message
  holder     TEXT    NOT NULL,     -- whose key it is: a door and an account
  key        TEXT    NOT NULL,
  content    BLOB    NOT NULL,     -- SHA-256 of what was given in
  message    BLOB    NOT NULL,     -- the ref it was taken in under
  recipients TEXT    NOT NULL,     -- of its envelope, JSON: the answer is given again
  taken_at   INTEGER NOT NULL,
  PRIMARY KEY (holder, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_keys_taken ON message_keys (taken_at);

CREATE TABLE tokens (              -- who may use the HTTP door; only the hash of what they show
  id         INTEGER PRIMARY KEY,
  name       TEXT    NOT NULL,
  sha256     BLOB    NOT NULL,
  scopes     TEXT    NOT NULL,     -- words, with a comma between
  made_at    INTEGER NOT NULL,
  expires_at INTEGER,              -- null: never
  revoked_at INTEGER
) STRICT;
CREATE UNIQUE INDEX tokens_sha256 ON tokens (sha256);
CREATE UNIQUE INDEX tokens_name   ON tokens (name) WHERE revoked_at IS NULL;
