-- Messages that others wrote, as they came in; each has an arrival for every rule that takes it.
CREATE TABLE messages (
  id          INTEGER PRIMARY KEY,
  ref         BLOB    NOT NULL,    -- made by the door; under it a message is taken in once
  door        TEXT    NOT NULL CHECK (door IN ('http', 'submission', 'sendmail', 'spool')),
  account     TEXT,                -- who gave it in, where the door knows
  sender      TEXT,                -- of the envelope; null: the null sender
  recipients  INTEGER NOT NULL,
  header_id   TEXT    NOT NULL,    -- its Message-ID, without brackets
  subject     TEXT    NOT NULL,
  size_bytes  INTEGER NOT NULL,
  received_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX messages_ref ON messages (ref);

ALTER TABLE arrivals ADD COLUMN message_id INTEGER;                -- of `source` mail
CREATE INDEX arrivals_message ON arrivals (message_id) WHERE message_id IS NOT NULL;
