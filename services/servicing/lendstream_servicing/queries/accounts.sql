-- name: lock_accounts(ids)
-- Only the locks: what is read after them, in statements of their own, is as it is after the wait.
SELECT id FROM account WHERE id = ANY(:ids::uuid[]) ORDER BY id FOR UPDATE;

-- name: read_accounts(ids)
-- The same without locks, for reading.
SELECT id FROM account WHERE id = ANY(:ids::uuid[]);

-- name: read_waiting(ids)
SELECT id, waiting::text AS waiting FROM account WHERE id = ANY(:ids::uuid[]);

-- name: read_loans(ids)
SELECT id, status, customer_id, currency, sequence, attempt, pay_on, disbursed_on, bank_reference, bucket, credit,
       next_action_on, aged_through, ended_on, application_id, offer_id, decision_id, partner, reference, contract.product,
       product_version, method, principal, annual_rate, upfront_fee, payout_account, engine, opened_on, interest_from,
       submitted_at, correlation_id, traceparent
FROM loan JOIN contract ON loan_id = id
WHERE id = ANY(:ids::uuid[]);

-- name: read_instalments(ids)
SELECT loan_id, number, due_date, principal, interest, fee, penalty, principal_paid, interest_paid, fee_paid,
       penalty_paid, overdue_on, settled_on
FROM instalment
WHERE loan_id = ANY(:ids::uuid[])
ORDER BY loan_id, number;

-- name: read_payments(ids)
SELECT loan_id, payment_id, amount, currency, value_date, channel, received_on, applied_on, unallocated
FROM payment
WHERE loan_id = ANY(:ids::uuid[])
ORDER BY loan_id, position;

-- name: update_waiting(id, waiting)!
UPDATE account SET waiting = new.waiting
FROM unnest(:id::uuid[], :waiting::jsonb[]) AS new (id, waiting)
WHERE account.id = new.id;

-- name: update_loans(id, status, sequence, attempt, pay_on, disbursed_on, bank_reference, bucket, credit, principal_outstanding, total_outstanding, overdue_amount, next_action_on, aged_through, ended_on)!
UPDATE loan SET
    status = new.status, sequence = new.sequence, attempt = new.attempt, pay_on = new.pay_on,
    disbursed_on = new.disbursed_on, bank_reference = new.bank_reference, bucket = new.bucket, credit = new.credit,
    principal_outstanding = new.principal_outstanding, total_outstanding = new.total_outstanding,
    overdue_amount = new.overdue_amount, next_action_on = new.next_action_on, aged_through = new.aged_through,
    ended_on = new.ended_on
FROM unnest(
    :id::uuid[], :status::text[], :sequence::integer[], :attempt::smallint[], :pay_on::date[], :disbursed_on::date[],
    :bank_reference::text[], :bucket::text[], :credit::bigint[], :principal_outstanding::bigint[],
    :total_outstanding::bigint[], :overdue_amount::bigint[], :next_action_on::date[], :aged_through::date[],
    :ended_on::date[]
) AS new (
    id, status, sequence, attempt, pay_on, disbursed_on, bank_reference, bucket, credit, principal_outstanding,
    total_outstanding, overdue_amount, next_action_on, aged_through, ended_on
)
WHERE loan.id = new.id;

-- name: update_instalments(loan_id, number, penalty, principal_paid, interest_paid, fee_paid, penalty_paid, overdue_on, settled_on)!
UPDATE instalment SET
    penalty = new.penalty, principal_paid = new.principal_paid, interest_paid = new.interest_paid,
    fee_paid = new.fee_paid, penalty_paid = new.penalty_paid, overdue_on = new.overdue_on, settled_on = new.settled_on
FROM unnest(
    :loan_id::uuid[], :number::smallint[], :penalty::bigint[], :principal_paid::bigint[], :interest_paid::bigint[],
    :fee_paid::bigint[], :penalty_paid::bigint[], :overdue_on::date[], :settled_on::date[]
) AS new (loan_id, number, penalty, principal_paid, interest_paid, fee_paid, penalty_paid, overdue_on, settled_on)
WHERE instalment.loan_id = new.loan_id AND instalment.number = new.number;

-- name: update_payments(payment_id, applied_on, unallocated)!
UPDATE payment SET applied_on = new.applied_on, unallocated = new.unallocated
FROM unnest(:payment_id::text[], :applied_on::date[], :unallocated::bigint[]) AS new (payment_id, applied_on, unallocated)
WHERE payment.payment_id = new.payment_id;
