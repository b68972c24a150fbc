-- The versions that snapshots had, so that a delta from one of them can be made after a restart; old ones are removed.
CREATE TABLE snapshot_versions (
  environment TEXT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (environment, version)
);
INSERT INTO snapshot_versions (environment, version)
  SELECT environment, MAX(version) FROM snapshot_rows GROUP BY environment;
