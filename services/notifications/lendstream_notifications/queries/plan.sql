-- name: load_plans(ids)
-- Lock the loans' plans in the order of their ids.
SELECT loan_id, customer_id, currency, sequence, ended, charged_off, instalments::text AS instalments,
    reminders::text AS reminders, told::text AS told, told_on, unplaced::text AS unplaced, correlation_id, traceparent
FROM plan
WHERE loan_id = ANY(:ids::uuid[])
ORDER BY loan_id
FOR UPDATE;

-- name: read_plans(ids)
-- The same without locks, for the sender.
SELECT loan_id, customer_id, currency, sequence, ended, charged_off, instalments::text AS instalments,
    reminders::text AS reminders, told::text AS told, told_on, unplaced::text AS unplaced, correlation_id, traceparent
FROM plan
WHERE loan_id = ANY(:ids::uuid[]);

-- name: save_plans(loan_ids, customer_ids, currencies, sequences, next_ons, endeds, charged_offs, instalments, reminders, tolds, told_ons, unplaceds, correlation_ids, traceparents)!
INSERT INTO plan (loan_id, customer_id, currency, sequence, next_on, ended, charged_off, instalments, reminders, told,
    told_on, unplaced, correlation_id, traceparent)
SELECT * FROM unnest(:loan_ids::uuid[], :customer_ids::uuid[], :currencies::text[], :sequences::integer[],
    :next_ons::date[], :endeds::boolean[], :charged_offs::boolean[], :instalments::jsonb[], :reminders::jsonb[],
    :tolds::jsonb[], :told_ons::date[], :unplaceds::jsonb[], :correlation_ids::text[], :traceparents::text[])
ON CONFLICT (loan_id) DO UPDATE SET
    sequence = excluded.sequence, next_on = excluded.next_on, ended = excluded.ended,
    charged_off = excluded.charged_off, instalments = excluded.instalments, reminders = excluded.reminders,
    told = excluded.told, told_on = excluded.told_on, unplaced = excluded.unplaced;

-- name: due_plans(day, n)
-- Loans with a reminder on or before the day.
SELECT loan_id FROM plan WHERE next_on <= :day ORDER BY next_on, loan_id LIMIT :n;
