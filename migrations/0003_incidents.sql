-- An incident is a server's trouble of one kind, from its first failure until it is over; mail is about incidents, never about jobs.
CREATE TABLE incidents (
  id          INTEGER PRIMARY KEY,
  server      TEXT    NOT NULL,
  event       TEXT    NOT NULL CHECK (event IN ('trouble', 'failed')),
  kind        TEXT    NOT NULL,
  opened_at   INTEGER NOT NULL,
  last_at     INTEGER NOT NULL,
  closed_at   INTEGER,
  reopened_at INTEGER,             -- it came back before it had been over for an hour
  jobs        INTEGER NOT NULL,    -- that failed in it
  said        TEXT    NOT NULL,
  rules       TEXT    NOT NULL,    -- names, JSON
  examples    TEXT    NOT NULL     -- a few of its jobs, JSON
) STRICT;
CREATE UNIQUE INDEX incidents_open ON incidents (server, event, kind) WHERE closed_at IS NULL;
CREATE INDEX incidents_closed ON incidents (closed_at) WHERE closed_at IS NOT NULL;

CREATE TABLE incident_readers (    -- who was told what of it
  incident_id INTEGER NOT NULL REFERENCES incidents ON DELETE CASCADE,
  address     TEXT    NOT NULL,
  started_at  INTEGER,
  start_job   BLOB,                -- its ref: one that has not gone out yet is overtaken by the end
  over_at     INTEGER,
  PRIMARY KEY (incident_id, address)
) STRICT, WITHOUT ROWID;

ALTER TABLE jobs ADD COLUMN told INTEGER NOT NULL DEFAULT 0;  -- a failed one: it is counted in its incident
UPDATE jobs SET told = 1 WHERE state = 'failed';
CREATE INDEX jobs_untold ON jobs (id) WHERE state = 'failed' AND told = 0;

CREATE TABLE digests (             -- what each reader of a digest has been told of
  address       TEXT    NOT NULL,
  schedule      TEXT    NOT NULL,
  covered_until INTEGER NOT NULL,
  PRIMARY KEY (address, schedule)
) STRICT, WITHOUT ROWID;
