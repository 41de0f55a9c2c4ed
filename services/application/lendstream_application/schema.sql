-- The tables of application, as its migrations leave them. The runtime's own tables are not shown.
-- One application, from its acceptance for processing to its loan. No direct identifier is in it.
CREATE TABLE application (
    application_id uuid PRIMARY KEY,     -- a UUIDv5 of partner and reference
    customer_id uuid NOT NULL,           -- a keyed digest of the identity document
    partner text NOT NULL,
    reference text NOT NULL,             -- the partner's number
    fingerprint bytea NOT NULL,          -- keyed digest of the submission: tells a repetition from a reused reference
    asked jsonb NOT NULL,                -- the first ApplicationReady: what the decision was asked
    attempt integer NOT NULL,            -- how often it was asked
    payout_account text NOT NULL,        -- a token, never an account number
    disburse_on date,                    -- the day the customer wants the money; null: at once
    status text NOT NULL,
    ask_again_at timestamptz,            -- while no decision is there
    decision_id uuid,
    reasons jsonb NOT NULL,              -- the decision's
    tenor integer,                       -- the number of instalments approved
    offer_open_until date,               -- while an offer waits for its acceptance
    loan_id uuid,
    correlation_id text,                 -- the story it belongs to, for events that do not follow from a record
    traceparent text,
    received_at timestamptz NOT NULL DEFAULT now(),
    debit_account text                   -- the token of the account to collect from; null: none
);
CREATE INDEX application_ask_again ON application (ask_again_at) WHERE ask_again_at IS NOT NULL;
CREATE INDEX application_offer_open ON application (offer_open_until) WHERE offer_open_until IS NOT NULL;

-- The offer as it was made: beside the application, so that changes of its status don't write it again.
CREATE TABLE offer (
    application_id uuid PRIMARY KEY REFERENCES application,
    document jsonb NOT NULL              -- the OfferMade
);

-- A customer's wrapped data key and sealed identity; after an erasure both are null.
CREATE TABLE customer (
    customer_id uuid PRIMARY KEY,
    key_id uuid,
    wrapped_key text,                    -- base64, wrapped by the master key
    master_key_id text,
    ciphertext text,                     -- base64: the only place where the identity is, and only under the data key
    language text,
    consents jsonb,
    updated_at timestamptz,
    erased_at timestamptz,               -- the last erasure
    CHECK (num_nulls(key_id, wrapped_key, master_key_id, ciphertext, language, consents, updated_at) IN (0, 7))
);
