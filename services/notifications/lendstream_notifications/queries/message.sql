-- name: claim_queued(channel, now, n)
-- Messages of a channel whose turn has come, locked; those that another instance has in hand are passed over.
SELECT * FROM message
WHERE state = 'queued' AND channel = :channel AND next_attempt_at <= :now
ORDER BY next_attempt_at
LIMIT :n
FOR UPDATE SKIP LOCKED;

-- name: claim_left_behind(channel, before, n)
-- Messages that an instance held when it ended, or has held for too long.
SELECT * FROM message
WHERE state = 'sending' AND channel = :channel AND claimed_at < :before
ORDER BY claimed_at
LIMIT :n
FOR UPDATE SKIP LOCKED;

-- name: update_messages(keys, were_claimed_at, states, reasons, channels, languages, attempts, fell_back, in_doubt, first_attempts, next_attempts, claimed, finished)
-- Save messages that are still as they were when they were claimed; returns the keys of those that were.
UPDATE message AS m SET
    state = u.state, reason = u.reason, channel = u.channel, language = u.language, attempts = u.attempts,
    fell_back = u.fell_back, in_doubt = u.in_doubt, first_attempt_at = u.first_attempt_at,
    next_attempt_at = u.next_attempt_at, claimed_at = u.claimed_at, finished_at = u.finished_at
FROM unnest(:keys::text[], :were_claimed_at::timestamptz[], :states::text[], :reasons::text[], :channels::text[],
        :languages::text[], :attempts::integer[], :fell_back::boolean[], :in_doubt::boolean[],
        :first_attempts::timestamptz[], :next_attempts::timestamptz[], :claimed::timestamptz[],
        :finished::timestamptz[])
    AS u (message_key, was_claimed_at, state, reason, channel, language, attempts, fell_back, in_doubt,
        first_attempt_at, next_attempt_at, claimed_at, finished_at)
WHERE m.message_key = u.message_key AND m.state IN ('queued', 'sending')
    AND m.claimed_at IS NOT DISTINCT FROM u.was_claimed_at
RETURNING m.message_key;

-- name: today()$
-- The last business day that was started.
SELECT max(day) FROM business_day;

-- name: page(customer_id, loan_id, after, n)
-- A customer's or a loan's messages, oldest first, from after a message's id.
SELECT * FROM message
WHERE (:customer_id::uuid IS NULL OR customer_id = :customer_id) AND (:loan_id::uuid IS NULL OR loan_id = :loan_id)
    AND id > :after
ORDER BY id
LIMIT :n;
