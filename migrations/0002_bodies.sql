-- Bytes that are ours and small: a message is sent from here, by as many jobs as it has recipients.
CREATE TABLE bodies (
  payload_id INTEGER PRIMARY KEY REFERENCES payloads ON DELETE CASCADE,
  bytes      BLOB    NOT NULL
) STRICT;
