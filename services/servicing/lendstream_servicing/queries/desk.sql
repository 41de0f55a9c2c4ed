-- What the API asks beside the aggregates.

-- name: events_after(loan_id, after, n)
SELECT sequence, type, at, data::text AS data FROM loan_event
WHERE loan_id = :loan_id AND sequence > :after
ORDER BY sequence
LIMIT :n;

-- name: entry(id)^
SELECT loan_id, kind, amount, currency, value_date FROM entry WHERE id = :id;

-- name: journals_after(book, posted_from, posted_to, after_book, after_number, n)
SELECT book, number, kind, loan_id, product, currency, value_date, posted_on, accounts, amounts, reference,
       encode(hash, 'hex') AS hash
FROM journal
WHERE (:book::text IS NULL OR book = :book) AND (book, number) > (:after_book, :after_number)
  AND (:posted_from::date IS NULL OR posted_on >= :posted_from)
  AND (:posted_to::date IS NULL OR posted_on <= :posted_to)
ORDER BY book, number
LIMIT :n;
