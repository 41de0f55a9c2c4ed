-- name: claim_inbox(ids)
-- Enter these ids and return those that were new, and the business day. Waits for another transaction that is entering
-- the same.
INSERT INTO inbox (id) SELECT unnest(:ids::uuid[]) ON CONFLICT DO NOTHING
RETURNING id, (SELECT max(day) FROM business_day) AS day;

-- name: release_inbox(ids)!
-- Forget ids again: a dead letter may be retried under the same id.
DELETE FROM inbox WHERE id = ANY(:ids::uuid[]);

-- name: trim_inbox(keep)!
-- Records older than any topic that is read again keeps them cannot come a second time.
DELETE FROM inbox WHERE seen_at < now() - :keep::interval;

-- name: trim_idempotency(keep)!
DELETE FROM idempotency WHERE created_at < now() - :keep::interval;

-- name: read_outbox(in_flight, blocked, n)
-- Unpublished rows in order, without those that are in flight or wait for a topic that does not exist.
SELECT seq, aggregatetype, aggregateid, payload, headers
FROM outbox
WHERE NOT (seq = ANY(:in_flight::bigint[])) AND NOT (aggregatetype = ANY(:blocked::text[]))
ORDER BY seq
LIMIT :n;

-- name: delete_outbox(seqs)!
DELETE FROM outbox WHERE seq = ANY(:seqs::bigint[]);

-- name: outbox_state()^
SELECT count(*) AS depth, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS age FROM outbox;

-- name: lock_relay()$
SELECT pg_try_advisory_lock(hashtext('lendstream.relay'));

-- name: lock_days()$
SELECT pg_try_advisory_lock(hashtext('lendstream.days'));

-- name: current_day()$
SELECT max(day) FROM business_day;

-- name: start_day(day, event_id, started_at)!
INSERT INTO business_day (day, event_id, started_at) VALUES (:day, :event_id, :started_at) ON CONFLICT DO NOTHING;

-- name: open_day()^
-- The oldest day that is not closed.
SELECT day, event_id, started_at FROM business_day WHERE closed_at IS NULL ORDER BY day LIMIT 1;

-- name: close_day(day)!
UPDATE business_day SET closed_at = now() WHERE day = :day;

-- name: set_aside(day, aggregate_id, reason)!
INSERT INTO day_exception (day, aggregate_id, reason) VALUES (:day, :aggregate_id, :reason) ON CONFLICT DO NOTHING;

-- name: set_aside_of(day)
SELECT aggregate_id FROM day_exception WHERE day = :day;

-- name: lock_command(key)$
-- Whether this transaction is the only one at work on the key.
SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0));

-- name: stored_answer(key)^
SELECT request_hash, status, body::text AS body FROM idempotency WHERE key = :key;

-- name: store_answer(key, request_hash, status, body)!
INSERT INTO idempotency (key, request_hash, status, body) VALUES (:key, :request_hash, :status, :body::jsonb);
