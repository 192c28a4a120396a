-- Where a source lies since a step moved it: who is tried again finds it there.
CREATE TABLE moved_sources (
  payload_id INTEGER PRIMARY KEY REFERENCES payloads ON DELETE CASCADE,
  arrival_id INTEGER NOT NULL,     -- whose step it was; another rule's step does not move it on
  folder     BLOB    NOT NULL,     -- that the step names
  name       BLOB    NOT NULL,     -- below it
  inode      INTEGER NOT NULL,
  ctime_ns   INTEGER NOT NULL
) STRICT;
