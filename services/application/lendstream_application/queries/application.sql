-- name: load(ids)
-- Applications with their offers, locked in the order of their ids.
SELECT a.application_id, a.reference, a.fingerprint, a.asked, a.attempt, a.payout_account, a.debit_account,
       a.disburse_on, a.status, a.ask_again_at, a.decision_id, a.reasons, a.tenor, a.loan_id,
       a.correlation_id, a.traceparent, o.document AS offer
FROM application a LEFT JOIN offer o USING (application_id)
WHERE a.application_id = ANY(:ids::uuid[])
ORDER BY a.application_id
FOR UPDATE OF a;

-- name: peek(application_id, partner)^
-- One application of a partner, not locked, for reading.
SELECT a.application_id, a.reference, a.fingerprint, a.asked, a.attempt, a.payout_account, a.debit_account,
       a.disburse_on, a.status, a.ask_again_at, a.decision_id, a.reasons, a.tenor, a.loan_id,
       a.correlation_id, a.traceparent, o.document AS offer
FROM application a LEFT JOIN offer o USING (application_id)
WHERE a.application_id = :application_id AND a.partner = :partner;

-- name: update(application_id, attempt, status, ask_again_at, decision_id, reasons, tenor, offer_open_until, loan_id)!
-- What changes in the life of an application; the submission itself never does.
UPDATE application a
SET attempt = n.attempt, status = n.status, ask_again_at = n.ask_again_at, decision_id = n.decision_id,
    reasons = n.reasons, tenor = n.tenor, offer_open_until = n.offer_open_until, loan_id = n.loan_id
FROM unnest(:application_id::uuid[], :attempt::integer[], :status::text[], :ask_again_at::timestamptz[],
            :decision_id::uuid[], :reasons::jsonb[], :tenor::integer[], :offer_open_until::date[], :loan_id::uuid[])
    AS n (application_id, attempt, status, ask_again_at, decision_id, reasons, tenor, offer_open_until, loan_id)
WHERE a.application_id = n.application_id;

-- name: offers_over(day, n)
-- Applications whose offer was open until a day that is past.
SELECT application_id FROM application
WHERE offer_open_until < :day
ORDER BY application_id
LIMIT :n;

-- name: undecided(now, n)
-- Applications whose decision is to be asked for again; those that somebody is at work on are left for the next time.
SELECT application_id FROM application
WHERE ask_again_at <= :now
ORDER BY ask_again_at
LIMIT :n
FOR UPDATE SKIP LOCKED;
