-- `after` and `after_failure`: what is done about an arrival, step by step, once its jobs have ended.
ALTER TABLE arrivals ADD COLUMN after TEXT NOT NULL DEFAULT 'none'
  CHECK (after IN ('none', 'due', 'ripe', 'done'));                 -- due: jobs of it are open; ripe: the next step may be planned
ALTER TABLE arrivals ADD COLUMN after_steps INTEGER NOT NULL DEFAULT 0;  -- of its list that are planned
ALTER TABLE arrivals ADD COLUMN after_from INTEGER;                 -- the first job of the last of them; null before the first
CREATE INDEX arrivals_ripe ON arrivals (id) WHERE after = 'ripe';
CREATE INDEX arrivals_after ON arrivals (payload_id) WHERE after IN ('due', 'ripe');

ALTER TABLE jobs ADD COLUMN is_after INTEGER NOT NULL DEFAULT 0;    -- of `after` or `after_failure`, not of `then`
