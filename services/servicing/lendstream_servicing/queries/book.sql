-- name: due_loans(day, n)
-- Loans that a business day still has to age, those that have waited longest first.
SELECT id FROM loan WHERE next_action_on <= :day ORDER BY next_action_on LIMIT :n;

-- name: book()
-- The loans that are owed, by currency, standing and bucket.
SELECT currency, status, bucket, count(*) AS loans, sum(principal_outstanding)::bigint AS principal_outstanding,
       count(*) FILTER (WHERE overdue_amount > 0) AS overdue_loans, sum(overdue_amount)::bigint AS overdue_amount
FROM loan
WHERE status IN ('active', 'charged_off')
GROUP BY currency, status, bucket;

-- name: count_set_aside(day)$
SELECT count(*) FROM day_exception WHERE day = :day;

-- name: save_book(day, currency, open_loans, principal_outstanding, overdue_loans, overdue_amount, charged_off_loans, charged_off, provision, set_aside, buckets)!
INSERT INTO book_day (day, currency, open_loans, principal_outstanding, overdue_loans, overdue_amount,
                      charged_off_loans, charged_off, provision, set_aside, buckets)
VALUES (:day, :currency, :open_loans, :principal_outstanding, :overdue_loans, :overdue_amount, :charged_off_loans,
        :charged_off, :provision, :set_aside, :buckets)
ON CONFLICT (day, currency) DO UPDATE SET
    open_loans = excluded.open_loans, principal_outstanding = excluded.principal_outstanding,
    overdue_loans = excluded.overdue_loans, overdue_amount = excluded.overdue_amount,
    charged_off_loans = excluded.charged_off_loans, charged_off = excluded.charged_off,
    provision = excluded.provision, set_aside = excluded.set_aside, buckets = excluded.buckets;

-- name: read_day(day)^
-- A business day: how many loans it still has to age, and how many it could not be carried through for.
SELECT day, started_at, closed_at, (SELECT count(*) FROM loan WHERE next_action_on <= :day) AS loans_to_age,
       (SELECT count(*) FROM day_exception WHERE day_exception.day = :day) AS set_aside
FROM business_day
WHERE day = :day;

-- name: read_book(day)
SELECT currency, open_loans, principal_outstanding, overdue_loans, overdue_amount, charged_off_loans, charged_off,
       provision, set_aside, buckets::text AS buckets
FROM book_day
WHERE day = :day
ORDER BY currency;

-- name: last_day()$
SELECT max(day) FROM business_day;

-- name: loans_of_customer(customer_id, opened_on, after, n)
-- A page: after a loan that was opened on a day.
SELECT loan.id, status, contract.product, principal, loan.currency, principal_outstanding, total_outstanding, overdue_amount,
       bucket, opened_on
FROM loan JOIN contract ON contract.loan_id = loan.id
WHERE customer_id = :customer_id AND (opened_on, loan.id) > (:opened_on, :after)
ORDER BY opened_on, loan.id
LIMIT :n;

-- name: history(loan_id)
SELECT sequence, type, at, data::text AS data FROM loan_event WHERE loan_id = :loan_id ORDER BY sequence;

-- name: suspense(after, n)
-- Money that pays no instalment: in suspense until its loan can take it, or a credit that the customer gets back.
SELECT position, entry.id AS payment_id, loan_id, amount, unallocated, entry.currency, value_date, channel, received_on,
       CASE
           WHEN applied_on IS NOT NULL THEN 'credit'
           WHEN status = 'opened' THEN 'not_disbursed'
           WHEN status = 'cancelled' THEN 'loan_cancelled'
           WHEN entry.currency <> loan.currency THEN 'wrong_currency'
           WHEN status IS NOT NULL THEN 'value_date_to_come'
           ELSE 'unknown_loan'
       END AS reason
FROM entry LEFT JOIN loan ON loan.id = entry.loan_id
WHERE unallocated > 0 AND undone_on IS NULL AND position > :after
ORDER BY position
LIMIT :n;
