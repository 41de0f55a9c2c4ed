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
       next_action_on, aged_through, ended_on, loan.annual_rate AS rate_now, original::text AS original, anchor_on,
       anchor_interest, anchor_subsidy, late_interest, pays_to, walked_to, payouts::text AS payouts, debit_next_on, debit_due, debit_attempt,
       debit_waits_for, refund, refunds, charged_off_on, ending, journals, journal_head,
       application_id, offer_id, decision_id, partner, reference, contract.product, product_version, method, principal,
       contract.annual_rate, upfront_fee, payout_account, engine, opened_on, interest_from, submitted_at,
       correlation_id, traceparent, tenor, debit_account, recipient, credit_limit, options::text AS options
FROM loan JOIN contract ON loan_id = id
WHERE id = ANY(:ids::uuid[]);

-- name: read_instalments(ids)
SELECT loan_id, number, due_date, principal, interest, fee, subsidy, late_fee, penalty, principal_paid, interest_paid,
       fee_paid, penalty_paid, overdue_on, settled_on, penalty_base, penalty_to
FROM instalment
WHERE loan_id = ANY(:ids::uuid[])
ORDER BY loan_id, number;

-- name: read_entries(ids)
SELECT loan_id, id, kind, amount, currency, value_date, channel, received_on, applied_on, unallocated, intent, fee,
       parts::text AS parts, capitalised::text AS capitalised, recovery, undone_on, reason, detail
FROM entry
WHERE loan_id = ANY(:ids::uuid[])
ORDER BY loan_id, position;

-- name: update_waiting(id, waiting)!
UPDATE account SET waiting = new.waiting
FROM unnest(:id::uuid[], :waiting::jsonb[]) AS new (id, waiting)
WHERE account.id = new.id;

-- name: update_loans(id, status, sequence, attempt, pay_on, disbursed_on, bank_reference, bucket, credit, principal_outstanding, total_outstanding, overdue_amount, next_action_on, aged_through, ended_on, annual_rate, original, anchor_on, anchor_interest, anchor_subsidy, late_interest, pays_to, walked_to, payouts, debit_next_on, debit_due, debit_attempt, debit_waits_for, refund, refunds, charged_off_on, ending, journals, journal_head, interest_receivable, fee_receivable, period_from, period_to, period_interest, period_subsidy, subsidy_future)!
UPDATE loan SET
    status = new.status, sequence = new.sequence, attempt = new.attempt, pay_on = new.pay_on, disbursed_on =
    new.disbursed_on, bank_reference = new.bank_reference, bucket = new.bucket, credit = new.credit,
    principal_outstanding = new.principal_outstanding, total_outstanding = new.total_outstanding, overdue_amount
    = new.overdue_amount, next_action_on = new.next_action_on, aged_through = new.aged_through, ended_on =
    new.ended_on, annual_rate = new.annual_rate, original = new.original, anchor_on = new.anchor_on,
    anchor_interest = new.anchor_interest, anchor_subsidy = new.anchor_subsidy,
    late_interest = new.late_interest, pays_to = new.pays_to, walked_to = new.walked_to,
    payouts = new.payouts, debit_next_on = new.debit_next_on, debit_due = new.debit_due, debit_attempt =
    new.debit_attempt, debit_waits_for = new.debit_waits_for, refund = new.refund, refunds = new.refunds,
    charged_off_on = new.charged_off_on, ending = new.ending, journals = new.journals, journal_head =
    new.journal_head, interest_receivable = new.interest_receivable, fee_receivable = new.fee_receivable,
    period_from = new.period_from, period_to = new.period_to, period_interest = new.period_interest,
    period_subsidy = new.period_subsidy, subsidy_future = new.subsidy_future
FROM unnest(
    :id::uuid[], :status::text[], :sequence::integer[], :attempt::smallint[], :pay_on::date[],
    :disbursed_on::date[], :bank_reference::text[], :bucket::text[], :credit::bigint[],
    :principal_outstanding::bigint[], :total_outstanding::bigint[], :overdue_amount::bigint[],
    :next_action_on::date[], :aged_through::date[], :ended_on::date[], :annual_rate::numeric[],
    :original::jsonb[], :anchor_on::date[], :anchor_interest::bigint[], :anchor_subsidy::bigint[],
    :late_interest::bigint[], :pays_to::text[], :walked_to::date[], :payouts::jsonb[], :debit_next_on::date[], :debit_due::date[],
    :debit_attempt::smallint[], :debit_waits_for::uuid[], :refund::bigint[], :refunds::smallint[],
    :charged_off_on::date[], :ending::text[], :journals::integer[], :journal_head::text[],
    :interest_receivable::bigint[], :fee_receivable::bigint[], :period_from::date[], :period_to::date[],
    :period_interest::bigint[], :period_subsidy::bigint[], :subsidy_future::bigint[]
) AS new (
    id, status, sequence, attempt, pay_on, disbursed_on, bank_reference, bucket, credit, principal_outstanding,
    total_outstanding, overdue_amount, next_action_on, aged_through, ended_on, annual_rate, original, anchor_on,
    anchor_interest, anchor_subsidy, late_interest, pays_to, walked_to, payouts, debit_next_on, debit_due, debit_attempt,
    debit_waits_for, refund, refunds, charged_off_on, ending, journals, journal_head, interest_receivable,
    fee_receivable, period_from, period_to, period_interest, period_subsidy, subsidy_future
)
WHERE loan.id = new.id;

-- name: update_instalments(loan_id, number, late_fee, penalty, principal_paid, interest_paid, fee_paid, penalty_paid, overdue_on, settled_on, penalty_base, penalty_to)!
UPDATE instalment SET
    late_fee = new.late_fee, penalty = new.penalty, principal_paid = new.principal_paid,
    interest_paid = new.interest_paid, fee_paid = new.fee_paid, penalty_paid = new.penalty_paid,
    overdue_on = new.overdue_on, settled_on = new.settled_on, penalty_base = new.penalty_base,
    penalty_to = new.penalty_to
FROM unnest(
    :loan_id::uuid[], :number::smallint[], :late_fee::bigint[], :penalty::bigint[], :principal_paid::bigint[],
    :interest_paid::bigint[], :fee_paid::bigint[], :penalty_paid::bigint[], :overdue_on::date[], :settled_on::date[],
    :penalty_base::bigint[], :penalty_to::date[]
) AS new (
    loan_id, number, late_fee, penalty, principal_paid, interest_paid, fee_paid, penalty_paid, overdue_on, settled_on,
    penalty_base, penalty_to
)
WHERE instalment.loan_id = new.loan_id AND instalment.number = new.number;

-- name: delete_instalments(ids)!
-- Of loans with another schedule: the whole of it is written anew.
DELETE FROM instalment WHERE loan_id = ANY(:ids::uuid[]);

-- name: update_entries(id, applied_on, unallocated, fee, parts, capitalised, recovery, undone_on, reason, detail)!
UPDATE entry SET
    applied_on = new.applied_on, unallocated = new.unallocated, fee = new.fee, parts = new.parts,
    capitalised = new.capitalised, recovery = new.recovery, undone_on = new.undone_on, reason = new.reason,
    detail = new.detail
FROM unnest(
    :id::text[], :applied_on::date[], :unallocated::bigint[], :fee::bigint[], :parts::jsonb[], :capitalised::jsonb[],
    :recovery::boolean[], :undone_on::date[], :reason::text[], :detail::text[]
) AS new (id, applied_on, unallocated, fee, parts, capitalised, recovery, undone_on, reason, detail)
WHERE entry.id = new.id;
