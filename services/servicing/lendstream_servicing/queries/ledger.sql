-- name: lock_fold()^
-- Only one folds at a time; and whether the transaction ids noted are another server's (a dump restored elsewhere).
SELECT server <> system_identifier AS elsewhere FROM ledger_fold, pg_control_system() FOR UPDATE OF ledger_fold;

-- name: folded_elsewhere()$
-- The same without the lock, for reading.
SELECT server <> system_identifier FROM ledger_fold, pg_control_system();

-- name: fold()!
-- Sums up what no running transaction can add to any more: everything before the oldest transaction that still runs.
-- A journal that commits late is of a transaction that ran, so it is at or after the horizon and folded the next time.
-- Call it in a statement after lock_fold, so that its snapshot is of after the wait.
WITH horizon AS MATERIALIZED (
    SELECT folded_before, pg_snapshot_xmin(pg_current_snapshot()) AS upto FROM ledger_fold
),
moved AS (
    UPDATE ledger_fold SET folded_before = upto FROM horizon
)
INSERT INTO ledger_total (product, currency, account, debit, credit)
SELECT coalesce(product, ''), currency, account, sum(greatest(amount, 0)), sum(greatest(-amount, 0))
FROM journal CROSS JOIN LATERAL unnest(accounts, amounts) AS line (account, amount)
WHERE txid >= (SELECT folded_before FROM horizon) AND txid < (SELECT upto FROM horizon)
GROUP BY 1, 2, 3
ON CONFLICT (product, currency, account) DO UPDATE SET
    debit = ledger_total.debit + excluded.debit, credit = ledger_total.credit + excluded.credit;

-- name: forget_foreign_transactions()!
-- After a restore into another server: ids that this server has not reached yet would count as not folded for ever.
-- 3 is a transaction that is over on every server.
UPDATE journal SET txid = '3' WHERE txid >= pg_snapshot_xmax(pg_current_snapshot());

-- name: forget_totals()!
DELETE FROM ledger_total;

-- name: restart_fold()!
UPDATE ledger_fold SET folded_before = '0', server = system_identifier FROM pg_control_system();

-- name: positions(day, accounts)
-- What the books should say at the end of a day and what they say, by product and currency, in one statement and so of
-- one moment. Of the current period so much is earned as of its days have passed, rounded half up, loan by loan.
WITH earned AS (
    SELECT product, currency, bucket, principal_outstanding, interest_receivable, fee_receivable, subsidy_future,
           period_subsidy,
           CASE WHEN period_from IS NULL OR :day <= period_from THEN 0
                WHEN :day >= period_to THEN period_interest
                ELSE (2 * period_interest * (:day - period_from) + (period_to - period_from))
                     / (2 * (period_to - period_from))
           END AS interest,
           CASE WHEN period_from IS NULL OR :day <= period_from OR period_subsidy = 0 THEN 0
                WHEN :day >= period_to THEN period_subsidy
                ELSE (2 * period_subsidy * (:day - period_from) + (period_to - period_from))
                     / (2 * (period_to - period_from))
           END AS subsidy
    FROM loan
    WHERE status = 'active'
)
SELECT product, currency, bucket, sum(principal_outstanding)::bigint AS principal,
       sum(interest_receivable + interest)::bigint AS interest, sum(fee_receivable)::bigint AS fee,
       sum(subsidy_future + period_subsidy - subsidy)::bigint AS unearned, NULL AS account, NULL::bigint AS balance
FROM earned
GROUP BY product, currency, bucket
UNION ALL
SELECT product, currency, NULL, NULL, NULL, NULL, NULL, account, debit - credit
FROM ledger_balance
WHERE account = ANY(:accounts::text[]);

-- name: lock_chains(books)
-- How far books by product have come.
SELECT book, number, encode(head, 'hex') AS head FROM book_chain WHERE book = ANY(:books::text[])
ORDER BY book FOR UPDATE;

-- name: save_chains(book, number, head)!
INSERT INTO book_chain (book, number, head)
SELECT * FROM unnest(:book::text[], :number::integer[], :head::bytea[])
ON CONFLICT (book) DO UPDATE SET number = excluded.number, head = excluded.head;

-- name: balances()
SELECT product, currency, account, debit, credit FROM ledger_balance ORDER BY currency, account, product;

-- name: journals()
-- Every journal in the order of its book; read with a cursor.
SELECT book, number, kind, loan_id, product, currency, value_date, posted_on, accounts, amounts, reference,
       encode(hash, 'hex') AS hash
FROM journal
ORDER BY book, number;

-- name: lost_ends()
-- Books that end elsewhere than they are known to: their last journals were taken away, or others added.
SELECT book_head.book, book_head.number, coalesce(last.number, 0) AS found
FROM book_head LEFT JOIN LATERAL (
    SELECT number, hash FROM journal WHERE book = book_head.book ORDER BY number DESC LIMIT 1
) AS last ON true
WHERE coalesce(last.number, 0) <> book_head.number OR last.hash <> book_head.head
ORDER BY book_head.book;

-- name: loan_differences(account)
-- Loans whose principal in their books is not what they owe; one of which no loan is known owes nothing.
SELECT coalesce(owed.id, booked.loan_id) AS loan_id, status, coalesce(owed.product, booked.product) AS product,
       coalesce(owed.currency, booked.currency) AS currency, coalesce(owed.principal, 0) AS loan,
       coalesce(booked.principal, 0) AS ledger
FROM (
    SELECT id, status, product, currency, CASE WHEN status = 'active' THEN principal_outstanding ELSE 0 END AS principal
    FROM loan
) AS owed
FULL JOIN (
    SELECT loan_id, min(product) AS product, min(currency) AS currency, sum(amount)::bigint AS principal
    FROM journal CROSS JOIN LATERAL unnest(accounts, amounts) AS line (account, amount)
    WHERE account = :account AND loan_id IS NOT NULL
    GROUP BY loan_id
) AS booked ON booked.loan_id = owed.id
WHERE coalesce(owed.principal, 0) <> coalesce(booked.principal, 0)
ORDER BY 1;

-- name: count_loans()$
SELECT count(*) FROM loan;

-- name: last_closed_day()$
SELECT max(day) FROM business_day WHERE closed_at IS NOT NULL;
