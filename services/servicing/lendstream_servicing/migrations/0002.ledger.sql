-- The books. Amounts are minor units of the journal's currency: positive debits, negative credits.

-- Every journal, as it was published. Never changed: its hash is of itself and of the journal before it in its book.
-- What the event has beside is derived: journal_id from book and number, previous_hash from the row before.
CREATE TABLE journal (
    book text NOT NULL,                 -- a loan's id, or product:<code>:<currency>
    number integer NOT NULL,            -- 1, 2, 3 ... without gaps
    kind text NOT NULL,
    loan_id uuid,
    product text,
    currency text NOT NULL,
    value_date date NOT NULL,
    posted_on date NOT NULL,
    accounts text[] NOT NULL,           -- the lines: one account ...
    amounts bigint[] NOT NULL,          -- ... and its amount at the same place
    reference text NOT NULL,
    hash bytea NOT NULL,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id(),    -- who wrote it: tells what is folded into ledger_total
    PRIMARY KEY (book, number),
    CHECK (cardinality(accounts) >= 2 AND cardinality(accounts) = cardinality(amounts))
);
CREATE INDEX journal_txid ON journal (txid);

-- The sums of all journals that are folded: those whose transaction is before ledger_fold.folded_before.
CREATE TABLE ledger_total (
    product text NOT NULL,              -- '' where a journal is about no product
    currency text NOT NULL,
    account text NOT NULL,
    debit bigint NOT NULL,
    credit bigint NOT NULL,             -- not negative, as debit
    PRIMARY KEY (product, currency, account)
);

-- How far folding has come, in one row. Transaction ids mean something in one server's history only.
CREATE TABLE ledger_fold (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    folded_before xid8 NOT NULL,
    server bigint NOT NULL              -- the system identifier of the server whose transaction ids they are
);
INSERT INTO ledger_fold (folded_before, server)
SELECT pg_snapshot_xmin(pg_current_snapshot()), system_identifier FROM pg_control_system();

-- The books as they stand: what is folded, and the journals that are not yet. Read it in one statement with what it is
-- compared with, or in one REPEATABLE READ transaction: both parts are then of the same moment.
CREATE VIEW ledger_balance AS
SELECT product, currency, account, sum(debit)::bigint AS debit, sum(credit)::bigint AS credit
FROM (
    SELECT product, currency, account, debit, credit FROM ledger_total
    UNION ALL
    SELECT coalesce(product, ''), currency, account, greatest(amount, 0), greatest(-amount, 0)
    FROM journal CROSS JOIN LATERAL unnest(accounts, amounts) AS line (account, amount)
    WHERE txid >= (SELECT folded_before FROM ledger_fold)
) AS part
GROUP BY product, currency, account;

-- How far the books by product have come; a loan's own book is kept with its account.
CREATE TABLE book_chain (
    book text PRIMARY KEY,
    number integer NOT NULL,
    head bytea NOT NULL                 -- the hash of its last journal
);

-- How far every book has come, for the verification: a migration that keeps more chains elsewhere adds them here.
CREATE VIEW book_head AS SELECT book, number, head FROM book_chain;

-- What a loan adds to the accruals of its product, so that the close of a day reads one table once.
ALTER TABLE loan
    ADD COLUMN product text NOT NULL DEFAULT '',
    ADD COLUMN interest_receivable bigint NOT NULL DEFAULT 0,   -- due on or before period_from, less what is settled
    ADD COLUMN period_from date,                                -- the current period; null: none runs
    ADD COLUMN period_to date,
    ADD COLUMN period_interest bigint NOT NULL DEFAULT 0,       -- the customer's interest of the current period
    ADD COLUMN period_subsidy bigint NOT NULL DEFAULT 0,        -- interest of the current period that others bear
    ADD COLUMN subsidy_future bigint NOT NULL DEFAULT 0,        -- the same of all later periods
    ADD COLUMN fee_receivable bigint NOT NULL DEFAULT 0;        -- fees due and unpaid
UPDATE loan SET product = contract.product FROM contract WHERE contract.loan_id = loan.id;
