-- Loans and what belongs to them. One transaction writes a loan with all its parts, and nothing else writes them:
-- there are no foreign keys, whose check of every row would cost more than the row.
-- Amounts are minor units of the loan's currency.

-- One row for each loan that anything was heard of, opened or not: whoever handles an event of it locks this row.
CREATE TABLE account (
    id uuid PRIMARY KEY,
    waiting jsonb NOT NULL              -- the half of the agreement that came first
);

-- The loan once it is open: what moves.
CREATE TABLE loan (
    id uuid PRIMARY KEY,
    status text NOT NULL CHECK (status IN ('opened', 'active', 'closed', 'cancelled')),
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
    next_action_on date,                -- when ageing has something to do
    aged_through date,
    ended_on date
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
    traceparent text
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
    penalty_paid bigint NOT NULL CHECK (penalty_paid BETWEEN 0 AND penalty),
    overdue_on date,
    settled_on date,
    PRIMARY KEY (loan_id, number)
) WITH (fillfactor = 90);

-- Money that came in, once for each number of the payment channels, whether its loan is known or not.
CREATE TABLE payment (
    payment_id text PRIMARY KEY,
    position bigint GENERATED ALWAYS AS IDENTITY,   -- the order of arrival
    loan_id uuid NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    value_date date NOT NULL,
    channel text NOT NULL,
    received_on date NOT NULL,
    applied_on date,                                -- null: in suspense
    unallocated bigint NOT NULL CHECK (unallocated BETWEEN 0 AND amount),
    CHECK (applied_on IS NOT NULL OR unallocated = amount)
);
CREATE INDEX payment_loan ON payment (loan_id, position);
CREATE INDEX payment_unallocated ON payment (position) WHERE unallocated > 0;

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
    PRIMARY KEY (day, currency)
);
