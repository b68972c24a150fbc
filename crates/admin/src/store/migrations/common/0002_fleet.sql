-- What the instances report. Not part of the log: it is observed, not decided.

-- Who reports: an instance (`i:<id>`) or a relay (`r:<id>`). `seen` is the server uptime of its last report (ms), `at` the wall
-- time of it; `node` is the server process that wrote the row.
CREATE TABLE fleet_members (
  environment TEXT NOT NULL,
  member TEXT NOT NULL,
  node TEXT NOT NULL,
  seen BIGINT NOT NULL,
  at BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (environment, member)
);
CREATE INDEX fleet_members_by_seen ON fleet_members (seen);
CREATE INDEX fleet_members_by_age ON fleet_members (at);

-- The last batch of counts of each instance that is in the totals below.
CREATE TABLE exposure_batches (
  environment TEXT NOT NULL,
  instance TEXT NOT NULL,
  batch BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (environment, instance)
);
CREATE INDEX exposure_batches_by_age ON exposure_batches (at);

-- How often what was served. No variant, release or phase: an empty text.
CREATE TABLE exposures (
  release TEXT NOT NULL,
  phase TEXT NOT NULL,
  environment TEXT NOT NULL,
  feature TEXT NOT NULL,
  variant TEXT NOT NULL,
  count BIGINT NOT NULL,
  PRIMARY KEY (release, phase, environment, feature, variant)
);
CREATE INDEX exposures_by_feature ON exposures (feature);

-- Counts that the instances of an environment gave up; of what, nobody knows.
CREATE TABLE exposure_losses (
  environment TEXT PRIMARY KEY,
  count BIGINT NOT NULL
);
