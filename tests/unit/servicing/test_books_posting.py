"""Every posting rule, to the cent."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given

from lendstream.events.ledger import JournalKind
from lendstream.events.loan import (
    Allocation,
    AmountWaived,
    ClosingReason,
    DelinquencyChanged,
    LateFeeCharged,
    LoanChargedOff,
    LoanClosed,
    LoanDisbursed,
    LoanEvent,
    LoanRescheduled,
    OpeningFee,
    Payer,
    PaymentApplied,
    PaymentReallocated,
    PaymentUndone,
    RefundPaid,
    RescheduleReason,
    WaiverUndone,
)
from lendstream_servicing.domain import books
from lendstream_servicing.domain.books import Draft, Facts, UnbalancedError, drafts_of, drafts_of_all
from lendstream_servicing.domain.chart import Role
from unit.servicing import ledgers

DAY = date(2026, 3, 2)


def posted(event: LoanEvent, **facts: Any) -> dict[str, int]:
    """The lines of the one journal that an event makes, by role."""
    (draft,) = drafts_of(event, Facts(**facts))
    return lines(draft)


def lines(draft: Draft) -> dict[str, int]:
    """A draft's lines by role; each role once."""
    assert len(dict(draft.lines)) == len(draft.lines)
    assert all(amount for _, amount in draft.lines)
    return {role.value: amount for role, amount in draft.lines}


def allocation(number: int = 1, **parts: int) -> Allocation:
    return Allocation(instalment=number, settled=False, **parts)


def applied(*allocations: Allocation, **changes: Any) -> PaymentApplied:
    return ledgers.event(PaymentApplied, allocations=allocations, **changes)


def test_a_payout_is_principal_against_the_bank() -> None:
    event = ledgers.event(LoanDisbursed, amount=600_000, principal=600_000)
    (draft,) = drafts_of(event, Facts())
    assert lines(draft) == {"loan_principal": 600_000, "bank": -600_000}
    assert (draft.kind, draft.value_date, draft.currency) == (JournalKind.DISBURSEMENT, DAY, "CNY")
    assert draft.reference == f"payout {event.disbursement_id}"


def test_opening_fees_are_income_or_belong_to_others() -> None:
    fees = (
        OpeningFee(code="upfront", payee="lender", amount=12_000),
        OpeningFee(code="service", payee="lender", amount=500),
        OpeningFee(code="insurance", payee="insurer", amount=3_000),
    )
    event = ledgers.event(LoanDisbursed, amount=584_500, principal=600_000)
    assert posted(event, opening_fees=fees) == {
        "loan_principal": 600_000,
        "bank": -584_500,
        "fee_income": -12_500,
        "fee_payable_third_party": -3_000,
    }


def test_subsidies_are_owed_by_others_from_the_first_payout_on() -> None:
    event = ledgers.event(LoanDisbursed, amount=600_000, principal=600_000)
    facts = Facts(subsidies=(Payer(payer="merchant", amount=20_000), Payer(payer="state", amount=1)))
    paid_out, subsidy = drafts_of(event, facts)
    assert lines(paid_out) == {"loan_principal": 600_000, "bank": -600_000}
    assert lines(subsidy) == {"subsidy_receivable": 20_001, "unearned_interest": -20_001}
    assert subsidy.kind is JournalKind.SUBSIDY
    assert len(drafts_of(event.model_copy(update={"part": 1}), facts)) == 1


def test_a_later_payout_keeps_no_opening_fee() -> None:
    event = ledgers.event(LoanDisbursed, amount=100_000, principal=100_000, part=2)
    fees = (OpeningFee(code="upfront", payee="lender", amount=12_000),)
    assert posted(event, opening_fees=fees) == {"loan_principal": 100_000, "bank": -100_000}


def test_a_payment_settles_each_part() -> None:
    event = applied(
        allocation(1, fee=10, penalty=20, interest=300, principal=4_000),
        allocation(2, fee=1, penalty=2, interest=3, principal=4),
        fee=500,
        credit=60,
        amount=4_900,
    )
    assert posted(event) == {
        "bank": 4_900,
        "loan_principal": -4_004,
        "interest_receivable": -303,
        "fee_receivable": -11,
        "penalty_income": -22,
        "prepayment_fee_income": -500,
        "customer_credit": -60,
    }


def test_money_that_waited_leaves_suspense() -> None:
    event = applied(allocation(principal=100), amount=100, payment_id="early")
    assert posted(event, suspended=frozenset({"early"})) == {"suspense": 100, "loan_principal": -100}
    assert posted(event, suspended=frozenset({"another"})) == {"bank": 100, "loan_principal": -100}


def test_after_a_charge_off_all_but_credit_is_a_recovery() -> None:
    event = applied(allocation(fee=1, penalty=2, interest=3, principal=4), fee=5, credit=6, amount=21, recovery=True)
    (draft,) = drafts_of(event, Facts(charged_off=True))
    assert lines(draft) == {"bank": 21, "recovery_income": -15, "customer_credit": -6}
    assert draft.kind is JournalKind.RECOVERY


def test_a_payment_of_before_the_charge_off_corrects_what_was_given_up() -> None:
    event = applied(allocation(fee=1, penalty=2, interest=3, principal=4), amount=10)
    assert posted(event, charged_off=True) == {"bank": 10, "loan_loss_allowance": -8, "penalty_income": -2}


def reallocated(**changes: Any) -> PaymentReallocated:
    fields: dict[str, Any] = {
        "amount": 1_000,
        "previous": (allocation(1, penalty=50, interest=250, principal=600),),
        "previous_credit": 100,
        "allocations": (allocation(1, interest=200, principal=790),),
        "fee": 10,
    }
    return ledgers.event(PaymentReallocated, **{**fields, **changes})


def test_a_payment_that_counts_differently_moves_the_difference() -> None:
    (draft,) = drafts_of(reallocated(), Facts())
    assert lines(draft) == {
        "loan_principal": -190,
        "interest_receivable": 50,
        "penalty_income": 50,
        "prepayment_fee_income": -10,
        "customer_credit": 100,
    }
    assert draft.kind is JournalKind.REALLOCATION


def test_a_recovery_that_counts_differently_moves_only_credit() -> None:
    assert posted(reallocated(recovery=True), charged_off=True) == {"recovery_income": -100, "customer_credit": 100}


def test_a_payment_that_counts_between_instalments_moves_nothing() -> None:
    event = reallocated(
        previous=(allocation(1, principal=600), allocation(2, principal=400)),
        previous_credit=0,
        allocations=(allocation(1, principal=1_000),),
        fee=0,
    )
    assert drafts_of(event, Facts()) == ()


def undone(**changes: Any) -> PaymentUndone:
    fields: dict[str, Any] = {
        "amount": 1_006,
        "previous": (allocation(fee=1, penalty=2, interest=3, principal=900),),
        "previous_fee": 30,
        "previous_credit": 70,
    }
    return ledgers.event(PaymentUndone, **{**fields, **changes})


def test_a_bounced_payment_is_posted_back() -> None:
    (draft,) = drafts_of(undone(), Facts())
    assert lines(draft) == {
        "loan_principal": 900,
        "interest_receivable": 3,
        "fee_receivable": 1,
        "penalty_income": 2,
        "prepayment_fee_income": 30,
        "customer_credit": 70,
        "bank": -1_006,
    }
    assert (draft.kind, draft.value_date) == (JournalKind.REVERSAL, DAY)


def test_a_bounced_recovery_is_posted_back() -> None:
    assert posted(undone(recovery=True)) == {"recovery_income": 936, "customer_credit": 70, "bank": -1_006}


WAIVED = (allocation(1, fee=1, penalty=2, interest=30, principal=400), allocation(2, interest=5))


def test_a_waiver_is_an_expense_but_for_penalties() -> None:
    event = ledgers.event(AmountWaived, allocations=WAIVED)
    expected = {"waiver_expense": 436, "loan_principal": -400, "interest_receivable": -35, "fee_receivable": -1}
    assert posted(event) == expected
    undone = ledgers.event(WaiverUndone, allocations=WAIVED)
    assert posted(undone) == {role: -amount for role, amount in expected.items()}


def test_a_waiver_of_penalties_alone_or_after_a_charge_off_makes_no_journal() -> None:
    assert drafts_of(ledgers.event(AmountWaived, allocations=(allocation(penalty=2),)), Facts()) == ()
    assert drafts_of(ledgers.event(AmountWaived, allocations=WAIVED), Facts(charged_off=True)) == ()


CAPITALISED = {"capitalised_interest": 300, "capitalised_fee": 20, "capitalised_penalty": 1}


def test_arrears_become_principal() -> None:
    event = ledgers.event(LoanRescheduled, reason=RescheduleReason.RESTRUCTURE, **CAPITALISED)
    expected = {"loan_principal": 321, "interest_receivable": -300, "fee_receivable": -20, "penalty_income": -1}
    assert posted(event) == expected
    back = {name: -amount for name, amount in CAPITALISED.items()}
    undone = ledgers.event(LoanRescheduled, reason=RescheduleReason.RESTRUCTURE_UNDONE, **back)
    assert posted(undone) == {role: -amount for role, amount in expected.items()}
    assert drafts_of(event, Facts(charged_off=True)) == ()


def test_another_schedule_alone_makes_no_journal() -> None:
    assert drafts_of(ledgers.event(LoanRescheduled), Facts()) == ()


def charge_off(**changes: Any) -> LoanChargedOff:
    return ledgers.event(LoanChargedOff, principal=5_000, interest=600, fee=70, penalty=8, **changes)


def test_a_charge_off_uses_the_allowance_up() -> None:
    assert posted(charge_off()) == {
        "loan_loss_allowance": 5_670,
        "loan_principal": -5_000,
        "interest_receivable": -600,
        "fee_receivable": -70,
    }
    given_up, subsidy = drafts_of(charge_off(), Facts(subsidy_cancelled=9))
    assert lines(given_up)["loan_loss_allowance"] == 5_670
    assert lines(subsidy) == {"unearned_interest": 9, "subsidy_receivable": -9}


def test_what_follows_a_charge_off_in_one_answer_knows_of_it() -> None:
    late = applied(allocation(principal=10), amount=10)
    before, _, after = drafts_of_all([late, charge_off(), late], Facts())
    assert lines(before) == {"bank": 10, "loan_principal": -10}
    assert lines(after) == {"bank": 10, "loan_loss_allowance": -10}


def test_a_refund_takes_the_credit() -> None:
    assert posted(ledgers.event(RefundPaid, amount=70)) == {"customer_credit": 70, "bank": -70}


def test_a_closed_loan_cancels_the_subsidy_that_stays_unearned() -> None:
    event = ledgers.event(LoanClosed, reason=ClosingReason.RETURNED)
    assert drafts_of(event, Facts()) == ()
    assert posted(event, subsidy_cancelled=15_000) == {"unearned_interest": 15_000, "subsidy_receivable": -15_000}
    (back,) = books.subsidy_cancelled(-15_000, "CNY", DAY, "reopened")
    assert lines(back) == {"unearned_interest": -15_000, "subsidy_receivable": 15_000}


def test_money_for_no_loan_waits_in_suspense() -> None:
    (received,) = books.suspense_received("pay_1", 500, "CNY", DAY)
    assert lines(received) == {"bank": 500, "suspense": -500}
    (released,) = books.suspense_released("pay_1", 500, "CNY", DAY)
    assert lines(released) == {"bank": -500, "suspense": 500}
    assert received.kind is released.kind is JournalKind.SUSPENSE


@pytest.mark.parametrize("kind", [LateFeeCharged, DelinquencyChanged])
def test_an_event_that_moves_no_money_makes_no_journal(kind: type[LoanEvent]) -> None:
    assert drafts_of(ledgers.event(kind), Facts()) == ()


def test_an_event_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(UnbalancedError, match="differ by 1:"):
        drafts_of(applied(allocation(principal=99), amount=100), Facts())
    with pytest.raises(UnbalancedError):
        drafts_of(ledgers.event(LoanDisbursed, amount=99, principal=100), Facts())


@given(ledgers.postings())
def test_every_journal_balances(posting: tuple[LoanEvent, Facts]) -> None:
    for draft in drafts_of(*posting):
        assert sum(amount for _, amount in draft.lines) == 0
        assert len(draft.lines) >= 2
        assert 0 not in dict(draft.lines).values()


@given(ledgers.payments())
def test_a_payment_that_is_applied_changed_and_undone_leaves_nothing(
    story: tuple[PaymentApplied, PaymentReallocated, PaymentUndone],
) -> None:
    balances: dict[Role, int] = {}
    for draft in drafts_of_all(story, Facts()):
        for role, amount in draft.lines:
            balances[role] = balances.get(role, 0) + amount
    assert set(balances.values()) <= {0}


def test_the_references_fit_the_contract() -> None:
    (draft,) = drafts_of(reallocated(payment_id="p" * 64, cause="c" * 200), Facts())
    assert len(draft.reference) == 200
