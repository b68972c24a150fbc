-- What the server keeps. The same text for SQLite and PostgreSQL; times are Unix milliseconds; bodies are JSON.

-- One row. Whoever locks it may write; `fence` is the number of the lease in force.
CREATE TABLE head (
  one BIGINT PRIMARY KEY CHECK (one = 1),
  seq BIGINT NOT NULL,
  hash TEXT NOT NULL,
  uptime BIGINT NOT NULL,
  fence BIGINT NOT NULL,
  leader TEXT
);
INSERT INTO head (one, seq, hash, uptime, fence, leader) VALUES (1, 0, '', 0, 0, NULL);

-- The log: append only. hash = sha256(prev_hash as hex, then the bytes of body).
CREATE TABLE events (
  seq BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject_kind TEXT NOT NULL,
  subject_key TEXT NOT NULL,
  body TEXT NOT NULL,
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL
);
CREATE INDEX events_by_subject ON events (subject_kind, subject_key, seq);
CREATE INDEX events_by_actor ON events (actor, seq);

-- The state that the log leads to.
CREATE TABLE entities (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  revision BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (kind, key)
);

-- What engines are served; a row without a body is a tombstone.
CREATE TABLE snapshot_rows (
  environment TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  version BIGINT NOT NULL,
  body TEXT,
  PRIMARY KEY (environment, kind, key)
);
CREATE INDEX snapshot_rows_by_version ON snapshot_rows (environment, version);

-- Webhook deliveries: of the fact with that place in the event `seq`. The id is the delivery's for ever.
CREATE TABLE outbox (
  id TEXT PRIMARY KEY,
  seq BIGINT NOT NULL,
  fact BIGINT NOT NULL,
  webhook TEXT NOT NULL,
  status TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  last_error TEXT,
  created_at BIGINT NOT NULL
);
CREATE INDEX outbox_by_turn ON outbox (status, next_at);
CREATE INDEX outbox_by_webhook ON outbox (webhook, seq);

-- First answers, for a day.
CREATE TABLE idempotency (
  principal TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  status BIGINT NOT NULL,
  body TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_by_age ON idempotency (at);

-- When tokens were last used; not part of the log.
CREATE TABLE token_use (
  token TEXT PRIMARY KEY,
  last_used BIGINT NOT NULL
);
