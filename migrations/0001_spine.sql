-- Inside, INTEGER ids; outside, ref (UUIDv7, made by whoever accepts). Times are milliseconds UTC; names and paths are bytes.
-- A state literal stands in the text of each query that wants a partial index; it is never bound.

CREATE TABLE sessions (            -- one running process; its heartbeat is the lease of all it has claimed
  id          INTEGER PRIMARY KEY,
  node        TEXT    NOT NULL,
  started_at  INTEGER NOT NULL,
  alive_until INTEGER NOT NULL,
  ended_at    INTEGER
) STRICT;

CREATE TABLE rule_versions (       -- a rule as an arrival met it
  id        INTEGER PRIMARY KEY,
  name      TEXT    NOT NULL,
  sha256    BLOB    NOT NULL,
  body      TEXT    NOT NULL,
  loaded_at INTEGER NOT NULL,
  UNIQUE (name, sha256)
) STRICT;

CREATE TABLE paused_rules (
  rule  TEXT    PRIMARY KEY,
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE places (              -- a folder as one rule watches it
  id            INTEGER PRIMARY KEY,
  rule          TEXT    NOT NULL,
  folder        BLOB    NOT NULL,
  since         INTEGER NOT NULL,  -- when the rule first met it; what is younger is never `existing`
  first_scan_at INTEGER,           -- null until a scan has been completed: `existing: skip` looks here
  ground        TEXT,              -- the file system and folder it stood on when all in `seen` was last met there
  UNIQUE (rule, folder)
) STRICT;

CREATE TABLE seen (                -- what a place has shown us; history never prunes it
  place_id   INTEGER NOT NULL REFERENCES places,
  path       BLOB    NOT NULL,
  size_bytes INTEGER NOT NULL,
  mtime_ns   INTEGER NOT NULL,
  inode      INTEGER NOT NULL,
  ctime_ns   INTEGER NOT NULL,
  sha256     BLOB,                 -- known once it was sent or hashed
  gone_at    INTEGER,              -- its next appearance is new
  PRIMARY KEY (place_id, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE payloads (            -- the bytes of an arrival, where they are
  id         INTEGER PRIMARY KEY,
  place      TEXT    NOT NULL CHECK (place IN ('inline', 'spool', 'in_place', 'purged')),
  node       TEXT    NOT NULL,
  path       BLOB    NOT NULL,     -- absolute
  size_bytes INTEGER NOT NULL,
  mtime_ns   INTEGER NOT NULL,
  inode      INTEGER NOT NULL,
  ctime_ns   INTEGER NOT NULL,
  sha256     BLOB
) STRICT;
CREATE UNIQUE INDEX payloads_in_place ON payloads (path, node, ctime_ns, inode, mtime_ns, size_bytes) WHERE place = 'in_place';

CREATE TABLE arrivals (
  id              INTEGER PRIMARY KEY,
  ref             BLOB    NOT NULL,
  rule_version_id INTEGER NOT NULL REFERENCES rule_versions,
  source          TEXT    NOT NULL CHECK (source IN ('watch', 'poll', 'drop', 'schedule', 'mail')),
  place_id        INTEGER REFERENCES places,
  payload_id      INTEGER,         -- kept as long as its jobs are
  folder          BLOB,            -- the watched folder
  name            BLOB,            -- below it
  arrived_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE jobs (                -- one arrival for one destination: the unit of retry
  id            INTEGER PRIMARY KEY,
  ref           BLOB    NOT NULL,
  arrival_id    INTEGER REFERENCES arrivals,
  payload_id    INTEGER REFERENCES payloads,
  rule          TEXT    NOT NULL,
  action        TEXT    NOT NULL CHECK (action IN ('upload', 'save', 'send', 'webhook', 'after', 'verify', 'fetch', 'remove')),
  server        TEXT    NOT NULL,
  node          TEXT    NOT NULL,
  target        BLOB,
  recipient     TEXT,
  parcel        INTEGER,           -- jobs of one number travel together; null: alone
  wishes        TEXT    NOT NULL,  -- frozen at intake, JSON
  class         INTEGER NOT NULL,  -- 0 high, 1 normal, 2 low
  rank          INTEGER NOT NULL,  -- place in the rule's `order`
  in_order      INTEGER NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('waiting', 'queued', 'running', 'held', 'delivered', 'failed', 'cancelled')),
  reason        TEXT,
  said          TEXT,              -- the last words about it, the server's or ours
  waits_for     INTEGER,           -- a job; no foreign key: its check on delete could not use the partial index
  due_at        INTEGER NOT NULL,
  expires_at    INTEGER NOT NULL,
  session_id    INTEGER REFERENCES sessions,
  claimed_at    INTEGER,
  claim_no      INTEGER NOT NULL DEFAULT 0,  -- with session_id the fence of a settle
  tries         INTEGER NOT NULL DEFAULT 0,
  counted_tries INTEGER NOT NULL DEFAULT 0,
  temp_token    BLOB    NOT NULL DEFAULT (randomblob(8)),
  ended_at      INTEGER
) STRICT;
CREATE INDEX jobs_due      ON jobs (server, class, rule, rank, due_at, id) WHERE state = 'queued';
CREATE INDEX jobs_parcel   ON jobs (parcel)           WHERE state = 'queued' AND parcel IS NOT NULL;
CREATE INDEX jobs_running  ON jobs (session_id)       WHERE state = 'running';
CREATE INDEX jobs_waiting  ON jobs (waits_for)        WHERE state = 'waiting';
CREATE INDEX jobs_target   ON jobs (server, target)   WHERE state IN ('waiting', 'queued', 'running', 'held') AND target IS NOT NULL;
CREATE INDEX jobs_in_order ON jobs (server, rule, id) WHERE state IN ('waiting', 'queued', 'running', 'held') AND in_order = 1;
CREATE INDEX jobs_expiring ON jobs (expires_at)       WHERE state IN ('waiting', 'queued', 'held');
CREATE INDEX jobs_held     ON jobs (rule)             WHERE state = 'held';
CREATE INDEX jobs_ended    ON jobs (rule, state, ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX jobs_payload  ON jobs (payload_id);
CREATE INDEX jobs_arrival  ON jobs (arrival_id);
CREATE INDEX jobs_typed    ON jobs (substr(ref, 12, 5));  -- the eight letters an operator types

CREATE TABLE attempts (
  id         INTEGER PRIMARY KEY,
  job_id     INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
  claim_no   INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at   INTEGER NOT NULL,
  outcome    TEXT    NOT NULL CHECK (outcome IN ('delivered', 'deferred', 'failed', 'unknown', 'returned')),
  counted    INTEGER NOT NULL,
  kind       TEXT,
  code       INTEGER,
  said       TEXT,
  tls        TEXT,
  bytes      INTEGER NOT NULL,
  UNIQUE (job_id, claim_no)
) STRICT;

CREATE TABLE receipts (            -- self-contained; lives as long as the remote copy
  id                INTEGER PRIMARY KEY,
  job_ref           BLOB    NOT NULL,
  rule              TEXT    NOT NULL,
  server            TEXT    NOT NULL,
  source_name       BLOB,
  remote_path       BLOB,
  recipient         TEXT,
  size_bytes        INTEGER NOT NULL,
  sha256            BLOB    NOT NULL,
  stored_size_bytes INTEGER NOT NULL,
  stored_sha256     BLOB    NOT NULL,
  transforms        TEXT    NOT NULL DEFAULT '',
  proof             TEXT    NOT NULL,
  reply             TEXT    NOT NULL,
  delivered_at      INTEGER NOT NULL,
  removed_at        INTEGER
) STRICT;
CREATE INDEX receipts_ledger ON receipts (server, remote_path) WHERE removed_at IS NULL;
CREATE INDEX receipts_rule   ON receipts (rule, delivered_at);

CREATE TABLE lanes (               -- everything between us and one server, as it last was
  server        TEXT    PRIMARY KEY,
  state         TEXT    NOT NULL CHECK (state IN ('open', 'closed', 'paused')),
  since         INTEGER NOT NULL,
  kind          TEXT,
  said          TEXT,
  retry_at      INTEGER,
  failures      INTEGER NOT NULL DEFAULT 0,
  learned_limit INTEGER,
  profile       TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE litter (              -- temporary names that we left on a server and will remove
  server TEXT    NOT NULL,
  path   BLOB    NOT NULL,
  target BLOB    NOT NULL,         -- what it was to become: a death between two renames is finished or undone
  since  INTEGER NOT NULL,
  PRIMARY KEY (server, path)
) STRICT, WITHOUT ROWID;
