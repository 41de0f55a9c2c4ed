-- A whole loan life: entries of every kind instead of payments alone, penalty interest, relief, payouts in parts,
-- direct debit, refunds, charge-off.
ALTER TABLE loan DROP CONSTRAINT loan_status_check;
ALTER TABLE loan ADD CONSTRAINT loan_status_check
    CHECK (status IN ('opened', 'active', 'charged_off', 'closed', 'cancelled'));
ALTER TABLE loan
    ADD COLUMN annual_rate numeric,
    ADD COLUMN original jsonb,
    ADD COLUMN anchor_on date,
    ADD COLUMN anchor_interest bigint NOT NULL DEFAULT 0,
    ADD COLUMN anchor_subsidy bigint NOT NULL DEFAULT 0,
    ADD COLUMN walked_to date,
    ADD COLUMN payouts jsonb,
    ADD COLUMN debit_next_on date,
    ADD COLUMN debit_due date,
    ADD COLUMN debit_attempt smallint NOT NULL DEFAULT 0,
    ADD COLUMN debit_waits_for uuid,
    ADD COLUMN refund bigint NOT NULL DEFAULT 0,
    ADD COLUMN refunds smallint NOT NULL DEFAULT 0,
    ADD COLUMN charged_off_on date,
    ADD COLUMN ending text,
    ADD COLUMN journals integer NOT NULL DEFAULT 0,
    ADD COLUMN journal_head text;
UPDATE loan SET annual_rate = contract.annual_rate FROM contract WHERE contract.loan_id = loan.id;
ALTER TABLE loan ALTER COLUMN annual_rate SET NOT NULL;

ALTER TABLE contract
    ADD COLUMN tenor smallint,
    ADD COLUMN debit_account text,
    ADD COLUMN recipient text NOT NULL DEFAULT 'customer',
    ADD COLUMN credit_limit bigint NOT NULL DEFAULT 0,
    ADD COLUMN options jsonb;
UPDATE contract SET tenor = (SELECT count(*) FROM instalment WHERE instalment.loan_id = contract.loan_id);
ALTER TABLE contract ALTER COLUMN tenor SET NOT NULL;

ALTER TABLE instalment
    ADD COLUMN subsidy bigint NOT NULL DEFAULT 0,
    ADD COLUMN late_fee bigint NOT NULL DEFAULT 0,
    ADD COLUMN penalty_base bigint NOT NULL DEFAULT 0,
    ADD COLUMN penalty_to date;
UPDATE instalment SET late_fee = penalty, penalty = 0 WHERE penalty > 0;
ALTER TABLE instalment DROP CONSTRAINT instalment_check3;
ALTER TABLE instalment ADD CONSTRAINT instalment_penalty_paid
    CHECK (penalty_paid BETWEEN 0 AND late_fee + penalty);

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
INSERT INTO entry (id, loan_id, amount, currency, value_date, channel, received_on, applied_on, unallocated)
SELECT payment_id, loan_id, amount, currency, value_date, channel, received_on, applied_on, unallocated
FROM payment
ORDER BY position;
DROP TABLE payment;

CREATE OR REPLACE VIEW book_head AS
SELECT book, number, head FROM book_chain
UNION ALL
SELECT id::text, journals, decode(journal_head, 'hex') FROM loan WHERE journals > 0
UNION ALL
SELECT id::text, (waiting ->> 'journals')::integer, decode(waiting ->> 'journal_head', 'hex')
FROM account
WHERE (waiting ->> 'journals')::integer > 0;
