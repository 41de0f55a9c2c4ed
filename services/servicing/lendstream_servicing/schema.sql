-- Loans and what belongs to them. One transaction writes a loan with all its parts, and nothing else writes them:
-- there are no foreign keys, whose check of every row would cost more than the row.
-- Amounts are minor units of the loan's currency.

-- One row for each loan that anything was heard of, opened or not: whoever handles an event of it locks this row.
CREATE TABLE account (
    id uuid PRIMARY KEY,
    waiting jsonb NOT NULL              -- the half of the agreement that came first, and the journals until then
);

-- The loan once it is open: what moves.
CREATE TABLE loan (
    id uuid PRIMARY KEY,
    status text NOT NULL,
    customer_id uuid NOT NULL,
    currency text NOT NULL,
    sequence integer NOT NULL,          -- of the last event told
    attempt smallint NOT NULL,          -- of the payout
    pay_on date NOT NULL,
    disbursed_on date,
    bank_reference text,
    bucket text NOT NULL,
    credit bigint NOT NULL,
    principal_outstanding bigint NOT NULL,
    total_outstanding bigint NOT NULL,
    overdue_amount bigint NOT NULL,
    next_action_on date,                -- when something happens by itself
    aged_through date,
    ended_on date,
    annual_rate numeric NOT NULL,       -- now
    original jsonb,                     -- the schedule as it was opened, once it is another
    anchor_on date,                     -- until when the running period's interest is known
    anchor_interest bigint NOT NULL DEFAULT 0,
    anchor_subsidy bigint NOT NULL DEFAULT 0,
    late_interest bigint NOT NULL DEFAULT 0,    -- what the running period earns more if the overdue stays unpaid
    pays_to text,                       -- the account paid out to, where the one agreed could not be
    walked_to date,                     -- the last day that the instalments depend on
    payouts jsonb,                      -- after the first: tranches and draws
    debit_next_on date,                 -- direct debit: the next order
    debit_due date,
    debit_attempt smallint NOT NULL DEFAULT 0,
    debit_waits_for uuid,               -- the order that is not answered yet
    refund bigint NOT NULL DEFAULT 0,   -- asked for and not confirmed
    refunds smallint NOT NULL DEFAULT 0,
    charged_off_on date,
    ending text,                        -- how it closed
    journals integer NOT NULL DEFAULT 0,
    journal_head text,                  -- the hash of the last journal
    CONSTRAINT loan_status_check CHECK (status IN ('opened', 'active', 'charged_off', 'closed', 'cancelled'))
) WITH (fillfactor = 80);
CREATE INDEX loan_customer ON loan (customer_id);
CREATE INDEX loan_next_action ON loan (next_action_on) WHERE next_action_on IS NOT NULL;

-- What was agreed at the opening; never changed.
CREATE TABLE contract (
    loan_id uuid PRIMARY KEY,
    application_id uuid NOT NULL,
    offer_id uuid NOT NULL,
    decision_id uuid NOT NULL,
    partner text NOT NULL,
    reference text NOT NULL,
    product text NOT NULL,
    product_version integer NOT NULL,
    method text NOT NULL,
    principal bigint NOT NULL CHECK (principal > 0),
    annual_rate numeric NOT NULL,
    upfront_fee bigint NOT NULL,
    payout_account text NOT NULL,
    engine text NOT NULL,
    opened_on date NOT NULL,
    interest_from date NOT NULL,
    submitted_at timestamptz NOT NULL,
    correlation_id text,                -- the story that the loan's events are told in
    traceparent text,
    tenor smallint NOT NULL,
    debit_account text,
    recipient text NOT NULL DEFAULT 'customer',
    credit_limit bigint NOT NULL DEFAULT 0,
    options jsonb
);

CREATE TABLE instalment (
    loan_id uuid NOT NULL,
    number smallint NOT NULL,
    due_date date NOT NULL,
    principal bigint NOT NULL,
    interest bigint NOT NULL,
    fee bigint NOT NULL,
    penalty bigint NOT NULL,
    principal_paid bigint NOT NULL CHECK (principal_paid BETWEEN 0 AND principal),
    interest_paid bigint NOT NULL CHECK (interest_paid BETWEEN 0 AND interest),
    fee_paid bigint NOT NULL CHECK (fee_paid BETWEEN 0 AND fee),
    penalty_paid bigint NOT NULL CONSTRAINT instalment_penalty_paid CHECK (penalty_paid BETWEEN 0 AND late_fee + penalty),
    overdue_on date,
    settled_on date,
    subsidy bigint NOT NULL DEFAULT 0,
    late_fee bigint NOT NULL DEFAULT 0,
    penalty_base bigint NOT NULL DEFAULT 0,     -- overdue minor units, each for each day
    penalty_to date,
    PRIMARY KEY (loan_id, number)
) WITH (fillfactor = 90);

-- What happened to a loan: money in, once for each number of the payment channels, whether its loan is known or not;
-- relief, waivers, later payouts, refunds, charge-off.
CREATE TABLE entry (
    id text PRIMARY KEY,
    position bigint GENERATED ALWAYS AS IDENTITY,   -- the order of arrival
    loan_id uuid NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    value_date date NOT NULL,
    channel text NOT NULL,
    received_on date NOT NULL,
    applied_on date,                                -- null: in suspense
    unallocated bigint NOT NULL,                    -- all while in suspense, later the customer's credit
    kind text NOT NULL DEFAULT 'payment',
    intent text,
    fee bigint NOT NULL DEFAULT 0,
    parts jsonb NOT NULL DEFAULT '[]',               -- what it settled: six numbers for each instalment
    capitalised jsonb,
    recovery boolean NOT NULL DEFAULT false,
    undone_on date,
    reason text NOT NULL DEFAULT '',
    detail text NOT NULL DEFAULT ''
);
CREATE INDEX entry_loan ON entry (loan_id, position);
CREATE INDEX entry_unallocated ON entry (position) WHERE unallocated > 0 AND undone_on IS NULL;

-- The loan's history: every event told, without the parts that other tables have.
CREATE TABLE loan_event (
    loan_id uuid NOT NULL,
    sequence integer NOT NULL,
    type text NOT NULL,
    data jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (loan_id, sequence)
);

-- The book at the close of each business day.
CREATE TABLE book_day (
    day date NOT NULL,
    currency text NOT NULL,
    open_loans bigint NOT NULL,
    principal_outstanding bigint NOT NULL,
    overdue_loans bigint NOT NULL,
    overdue_amount bigint NOT NULL,
    charged_off_loans bigint NOT NULL DEFAULT 0,
    charged_off bigint NOT NULL DEFAULT 0,
    provision bigint NOT NULL DEFAULT 0,
    set_aside bigint NOT NULL DEFAULT 0,
    buckets jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (day, currency)
);

-- The books (0002.ledger.sql). Amounts are minor units of the journal's currency: positive debits, negative credits.

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
CREATE VIEW book_head AS
SELECT book, number, head FROM book_chain
UNION ALL
SELECT id::text, journals, decode(journal_head, 'hex') FROM loan WHERE journals > 0
UNION ALL
SELECT id::text, (waiting ->> 'journals')::integer, decode(waiting ->> 'journal_head', 'hex')
FROM account
WHERE (waiting ->> 'journals')::integer > 0;

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
