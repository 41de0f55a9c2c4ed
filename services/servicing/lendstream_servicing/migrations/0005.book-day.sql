-- The book at the close of a day, bucket by bucket.
ALTER TABLE book_day
    ADD COLUMN charged_off_loans bigint NOT NULL DEFAULT 0,
    ADD COLUMN charged_off bigint NOT NULL DEFAULT 0,
    ADD COLUMN provision bigint NOT NULL DEFAULT 0,
    ADD COLUMN set_aside bigint NOT NULL DEFAULT 0,
    ADD COLUMN buckets jsonb NOT NULL DEFAULT '[]';
