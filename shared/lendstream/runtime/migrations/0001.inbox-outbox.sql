-- What the runtime keeps in each service's database.

-- Records already handled: a digest of topic, ce_id and value.
CREATE TABLE inbox (
    id uuid PRIMARY KEY,
    seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX inbox_seen_at ON inbox USING brin (seen_at);

-- Records to publish. A row is deleted when the broker has acknowledged it, so a row here is unpublished.
-- The column names are those of Debezium's outbox event router, so that change data capture can replace the relay.
CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL,
    aggregatetype text NOT NULL,   -- the topic
    aggregateid bytea,             -- the record's key
    type text NOT NULL,            -- the event's name
    payload bytea,                 -- the record's value; null is a tombstone
    headers text[] NOT NULL,       -- name, value, name, value ...
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Answers to HTTP commands, by the caller's Idempotency-Key.
CREATE TABLE idempotency (
    key text PRIMARY KEY,          -- caller and key
    request_hash bytea NOT NULL,
    status integer NOT NULL,
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idempotency_created_at ON idempotency USING brin (created_at);

-- The lender's business days, as they were started, and when this service had walked all its aggregates through one.
CREATE TABLE business_day (
    day date PRIMARY KEY,
    event_id text NOT NULL,
    started_at timestamptz NOT NULL,
    closed_at timestamptz
);
CREATE INDEX business_day_open ON business_day (day) WHERE closed_at IS NULL;

-- Aggregates that a day's walk had to set aside, with the reason; the walk went on without them.
CREATE TABLE day_exception (
    day date NOT NULL REFERENCES business_day,
    aggregate_id uuid NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (day, aggregate_id)
);
