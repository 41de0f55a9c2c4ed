CREATE TABLE till (loan_id uuid PRIMARY KEY, total bigint NOT NULL CHECK (total <= 1000000), payments bigint NOT NULL, seen_on date NOT NULL);
