-- A file of rows that is being taken in, part by part: gone with its last row. Killed in between, the next start goes on from `rows`.
CREATE TABLE expansions (
  place_id   INTEGER NOT NULL REFERENCES places,
  path       BLOB    NOT NULL,
  sha256     BLOB    NOT NULL,     -- of the version that is taken in
  arrival_id INTEGER NOT NULL,
  job_id     INTEGER NOT NULL,     -- waits until its last row is in: while it is open the arrival is not over
  rows       INTEGER NOT NULL,     -- that are committed
  PRIMARY KEY (place_id, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE mail_keys (           -- what a rule mails once (`idempotency_key`); lives as long as its receipts
  rule       TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  payload_id INTEGER NOT NULL,     -- the letter; no foreign key: history takes it first
  is_mailed  INTEGER NOT NULL DEFAULT 0,  -- history has taken a delivered job of it
  PRIMARY KEY (rule, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_keys_letter ON mail_keys (payload_id);
