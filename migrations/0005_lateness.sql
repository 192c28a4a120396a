-- Incidents are about what is late, too: a server whose jobs wait too long, a rule for which nothing came. A table's CHECK cannot be
-- changed, so both are made anew; the readers first, because dropping incidents would take theirs along.
CREATE TABLE new_incidents (
  id          INTEGER PRIMARY KEY,
  subject     TEXT    NOT NULL,    -- a server; of `missed`, a rule
  event       TEXT    NOT NULL CHECK (event IN ('trouble', 'failed', 'delayed', 'missed')),
  kind        TEXT    NOT NULL,
  opened_at   INTEGER NOT NULL,
  last_at     INTEGER NOT NULL,
  closed_at   INTEGER,
  reopened_at INTEGER,             -- it came back before it had been over for an hour
  jobs        INTEGER NOT NULL,    -- that failed in it, or wait
  said        TEXT    NOT NULL,
  rules       TEXT    NOT NULL,    -- names, JSON
  examples    TEXT    NOT NULL     -- a few of its jobs, JSON
) STRICT;
INSERT INTO new_incidents SELECT id, server, event, kind, opened_at, last_at, closed_at, reopened_at, jobs, said, rules, examples
  FROM incidents;

CREATE TABLE new_readers (         -- who was told what of it
  incident_id INTEGER NOT NULL REFERENCES new_incidents ON DELETE CASCADE,
  address     TEXT    NOT NULL,
  started_at  INTEGER,
  start_job   BLOB,                -- its ref: one that has not gone out yet is overtaken by the end
  over_at     INTEGER,
  PRIMARY KEY (incident_id, address)
) STRICT, WITHOUT ROWID;
INSERT INTO new_readers SELECT incident_id, address, started_at, start_job, over_at FROM incident_readers;

DROP TABLE incident_readers;
DROP TABLE incidents;
ALTER TABLE new_incidents RENAME TO incidents;
ALTER TABLE new_readers RENAME TO incident_readers;
CREATE UNIQUE INDEX incidents_open ON incidents (subject, event, kind) WHERE closed_at IS NULL;
CREATE INDEX incidents_closed ON incidents (closed_at) WHERE closed_at IS NOT NULL;

CREATE TABLE expectations (        -- how the `expect` of each rule stands
  rule        TEXT    PRIMARY KEY,
  spec        TEXT    NOT NULL,    -- another one begins anew
  counts_from INTEGER NOT NULL,
  came        TEXT    NOT NULL,    -- when the last files came that count, JSON
  last_size   INTEGER,
  unfit       TEXT,                -- what came since and does not count, and why
  missed_at   INTEGER,
  due_at      INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE counted_arrivals (    -- one row: the last arrival that expectations have looked at. No later one has its number.
  only       INTEGER PRIMARY KEY CHECK (only = 1),
  arrival_id INTEGER NOT NULL
) STRICT;
INSERT INTO counted_arrivals SELECT 1, coalesce(max(id), 0) FROM arrivals;
