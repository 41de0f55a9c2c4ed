-- What notifications keeps: customers as they can be reached, the reminders of loans, and messages.

-- A customer. What identifies the person stands only in `ciphertext`, readable with the wrapped key and a master key.
CREATE TABLE contact (
    customer_id uuid PRIMARY KEY,
    profile_key_id uuid,               -- the data key that `ciphertext` is sealed under
    ciphertext text,
    language text,
    consents jsonb,
    profile_updated_at timestamptz,    -- kept after an erasure, so that an older copy does not come back
    key_id uuid,                       -- the data key
    wrapped_key text,
    master_key_id text,
    profile_erased boolean NOT NULL,
    key_erased boolean NOT NULL,
    articles text[] NOT NULL,          -- the articles the customer was given, or will be
    CHECK ((ciphertext IS NULL) = (profile_key_id IS NULL)
        AND (ciphertext IS NULL) = (language IS NULL) AND (ciphertext IS NULL) = (consents IS NULL)),
    CHECK ((key_id IS NULL) = (wrapped_key IS NULL) AND (key_id IS NULL) = (master_key_id IS NULL)),
    CHECK (NOT (profile_erased AND ciphertext IS NOT NULL)),
    CHECK (NOT (key_erased AND wrapped_key IS NOT NULL))
);

-- The reminders of a loan. One row a loan: a loan of 12 instalments has 48 reminders, read and written together.
CREATE TABLE plan (
    loan_id uuid PRIMARY KEY,
    customer_id uuid NOT NULL,
    currency text NOT NULL,
    sequence integer NOT NULL,         -- the last of the loan's events that counted here
    next_on date,                      -- the day of the next reminder; null: none is planned
    ended boolean NOT NULL,
    instalments jsonb NOT NULL,        -- [number, due date, charged, paid (minor units), day of collection or null] each
    reminders jsonb NOT NULL,          -- those still planned, by day: [instalment, name, kind, day, due date, sequence
                                       -- of the event that planned it] each
    correlation_id text,
    traceparent text,
    charged_off boolean NOT NULL,
    told jsonb NOT NULL,               -- the instalments that reminders were queued about on `told_on`
    told_on date,                      -- the last day on which any was queued
    unplaced jsonb NOT NULL            -- paid on numbers that the schedule has not: number to minor units
);
CREATE INDEX plan_next_on ON plan (next_on, loan_id) WHERE next_on IS NOT NULL;

-- Messages: queued, being sent, or with their outcome. One row a key, for ever.
CREATE TABLE message (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_key text NOT NULL UNIQUE,
    customer_id uuid NOT NULL,
    loan_id uuid,
    instalment integer,
    kind text NOT NULL,
    planned_for date NOT NULL,         -- the business day it is meant for
    queued_on date NOT NULL,           -- the business day on which it was queued
    state text NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'skipped', 'failed')),
    reason text,                       -- why it was skipped or failed, or what went wrong last
    channel text NOT NULL CHECK (channel IN ('mail', 'sms')),
    language text,
    attempts integer NOT NULL,
    fell_back boolean NOT NULL,        -- the preferred channel is ruled out
    in_doubt boolean NOT NULL,         -- an earlier try may have gone out
    created_at timestamptz NOT NULL,
    first_attempt_at timestamptz,
    next_attempt_at timestamptz NOT NULL,
    claimed_at timestamptz,            -- since when an instance holds it, and the name of its claim
    finished_at timestamptz,
    correlation_id text,
    traceparent text,
    due_date date,                     -- of a reminder: the due date that it is about
    facts jsonb,                       -- what happened, where the message tells of that: amounts, days, numbers, words
    CHECK ((state = 'sending') = (claimed_at IS NOT NULL)),
    CHECK ((state IN ('sent', 'skipped', 'failed')) = (finished_at IS NOT NULL)),
    CHECK (state NOT IN ('skipped', 'failed') OR reason IS NOT NULL)
);
CREATE INDEX message_queued ON message (channel, next_attempt_at) WHERE state = 'queued';
CREATE INDEX message_sending ON message (channel, claimed_at) WHERE state = 'sending';
CREATE INDEX message_customer ON message (customer_id, id);
CREATE INDEX message_loan ON message (loan_id, id) WHERE loan_id IS NOT NULL;
