"""What operators do to a loan: what it changes and tells, what is refused and how, and that again is nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lendstream.catalogue import Due
from lendstream.errors import DataError
from lendstream.events.loan import (
    AmountWaived,
    DisbursementRequested,
    HardshipRequested,
    LoanChargedOff,
    LoanClosed,
    LoanRescheduled,
    PaymentUndone,
    RefundRequested,
    RescheduleReason,
    WaiverUndone,
)
from lendstream_servicing.domain import asked, operations
from lendstream_servicing.domain.loan import Answer, Loan, Status
from lendstream_servicing.domain.preview import token_of
from lendstream_servicing.domain.quotes import payoff
from lendstream_servicing.domain.relief_policy import plans
from unit.servicing import desks, loans
from unit.servicing.desks import RELIEF, ask

POLICY = loans.POLICY


def refused(do: Callable[[], Answer]) -> list[str]:
    with pytest.raises(DataError) as caught:
        do()
    assert all(each.fix and each.message for each in caught.value.errors)
    return [each.code for each in caught.value.errors]


def loan_of(answer: Answer) -> Loan:
    assert isinstance(answer[0], Loan)
    return answer[0]


def test_a_waiver_lets_go_of_what_is_due_up_to_its_amount_once() -> None:
    loan, day = desks.late(days=20)
    penalty = loan.instalments[0].penalty + loan.instalments[0].late_fee
    command = ask(asked.Waive, loan, parts=(Due.PENALTY, Due.INTEREST), up_to=5_000)
    answer = operations.waive(loan, command, day, POLICY)
    after = loan_of(answer)
    (told,) = answer[1]
    assert isinstance(told, AmountWaived)
    assert sum(each.penalty + each.interest for each in told.allocations) == 5_000
    assert told.allocations[0].penalty >= penalty
    assert after.entries[-1].reason == "mei: agreed on the phone"
    assert operations.waive(after, command, day, POLICY) == (after, ())


def test_a_waiver_of_what_is_not_due_is_refused() -> None:
    loan = loans.active()
    command = ask(asked.Waive, loan, parts=(Due.PRINCIPAL,), up_to=5_000)
    assert refused(lambda: operations.waive(loan, command, loans.TODAY, POLICY)) == ["nothing_due"]
    closed, _ = loans.pay(loan, loan.total_outstanding)
    assert refused(lambda: operations.waive(closed, command, loans.TODAY, POLICY)) == ["not_owed"]
    assert refused(lambda: operations.waive(None, command, loans.TODAY, POLICY)) == ["unknown_loan"]


@pytest.mark.parametrize("circumstance", RELIEF.circumstances)
def test_every_plan_on_the_list_can_be_given_and_taken_back_whole(circumstance: str) -> None:
    loan, day = desks.late(days=70, instalment=1)
    found = plans(loan, circumstance, day, RELIEF)
    assert found or RELIEF.circumstances[circumstance].days_past_due_max < 70
    for relief in found:
        plan = desks.as_plan(relief)
        token = token_of(loan, circumstance, plan, day)
        command = ask(asked.Restructure, loan, circumstance=circumstance, plan=plan, token=token)
        given, told = operations.restructure(RELIEF, loan, command, day, POLICY)
        assert isinstance(given, Loan)
        assert given.sequence == loan.sequence + len(told)
        assert operations.restructure(RELIEF, given, command, day, POLICY) == (given, ())
        undo = ask(asked.UndoRestructure, loan, restructure_id=command.command_id)
        back, undone = operations.undo_restructure(given, undo, day, POLICY)
        assert isinstance(back, Loan)
        assert [row[:6] for row in back.instalments] == [row[:6] for row in loan.instalments]
        assert back.principal_outstanding == loan.principal_outstanding
        assert operations.undo_restructure(back, undo, day, POLICY) == (back, ())
        if any(isinstance(each, LoanRescheduled) for each in told):
            (again,) = (each for each in undone if isinstance(each, LoanRescheduled))
            assert again.reason is RescheduleReason.RESTRUCTURE_UNDONE
        assert any(isinstance(each, AmountWaived) for each in told) == any(
            isinstance(each, WaiverUndone) for each in undone
        )


def test_a_stale_preview_is_refused() -> None:
    loan, day = desks.late()
    plan = desks.plan(extra_instalments=6)
    token = token_of(loan, "illness", plan, day)
    command = ask(asked.Restructure, loan, plan=plan, token=token)
    paid, _ = loans.pay(loan, 1_000, on=day)
    other = command.model_copy(update={"plan": desks.plan(extra_instalments=12)})
    for stale in (
        lambda: operations.restructure(RELIEF, paid, command, day, POLICY),
        lambda: operations.restructure(RELIEF, loan, command, day + timedelta(days=1), POLICY),
        lambda: operations.restructure(RELIEF, loan, other, day, POLICY),
    ):
        assert refused(stale) == ["stale_preview"]


def test_a_plan_against_the_policy_is_refused_with_every_reason() -> None:
    loan, day = desks.late()
    plan = desks.plan(holiday=24, extra_instalments=120, waive=(Due.FEE,), annual_rate=loans.RATE)
    token = token_of(loan, "illness", plan, day)
    command = ask(asked.Restructure, loan, plan=plan, token=token)
    found = refused(lambda: operations.restructure(RELIEF, loan, command, day, POLICY))
    assert found == ["over_the_most", "over_the_most", "rate_not_lower", "not_waived"]


def test_relief_wants_its_evidence() -> None:
    loan, day = desks.late()
    plan = desks.plan(extra_instalments=6)
    command = ask(asked.Restructure, loan, plan=plan, token=token_of(loan, "illness", plan, day), evidence="")
    assert refused(lambda: operations.restructure(RELIEF, loan, command, day, POLICY)) == ["evidence_missing"]


def test_relief_is_given_so_often_and_not_more() -> None:
    loan, day = desks.late()
    plan = desks.plan(extra_instalments=1)
    for _ in range(RELIEF.circumstances["illness"].times):
        command = ask(asked.Restructure, loan, plan=plan, token=token_of(loan, "illness", plan, day))
        loan = loan_of(operations.restructure(RELIEF, loan, command, day, POLICY))
    again = ask(asked.Restructure, loan, plan=plan, token=token_of(loan, "illness", plan, day))
    assert refused(lambda: operations.restructure(RELIEF, loan, again, day, POLICY)) == ["relief_used_up"]


def test_hardship_is_told_and_an_unknown_circumstance_refused() -> None:
    loan, day = desks.late()
    command = ask(asked.RequestHardshipRelief, loan, detail="in hospital since May")
    _, (told,) = operations.request_hardship(RELIEF, loan, command, day, POLICY)
    assert isinstance(told, HardshipRequested)
    assert (told.request_id, told.sequence, told.requested_on) == (command.command_id, loan.sequence + 1, day)
    other = ask(asked.RequestHardshipRelief, loan, circumstance="bad_mood")
    assert refused(lambda: operations.request_hardship(RELIEF, loan, other, day, POLICY)) == ["unknown_circumstance"]


def test_an_operator_takes_a_payment_back() -> None:
    loan, _ = loans.pay(loans.active(), 50_000)
    command = ask(asked.ReversePayment, loan, payment_id="pay_1")
    after, told = operations.reverse_payment(loan, command, loans.TODAY, POLICY)
    (undone,) = told
    assert isinstance(undone, PaymentUndone)
    assert undone.reason == "mei: agreed on the phone"
    assert isinstance(after, Loan)
    assert after.total_outstanding == loans.active().total_outstanding
    assert operations.reverse_payment(after, command, loans.TODAY, POLICY) == (after, ())
    unknown = ask(asked.ReversePayment, loan, payment_id="pay_2")
    assert refused(lambda: operations.reverse_payment(loan, unknown, loans.TODAY, POLICY)) == ["unknown_payment"]


def test_a_loan_is_given_up_by_an_operator_once() -> None:
    loan, day = desks.late()
    command = ask(asked.ChargeOff, loan)
    answer = operations.charge_off(loan, command, day, POLICY)
    assert loan_of(answer).status is Status.CHARGED_OFF
    assert any(isinstance(each, LoanChargedOff) and each.reason.startswith("mei: ") for each in answer[1])
    assert refused(lambda: operations.charge_off(answer[0], command, day, POLICY)) == ["not_active"]


def test_a_draw_counts_when_its_payout_is_confirmed() -> None:
    loan = desks.credit_line()
    command = ask(asked.DrawMoney, loan, amount=300_000, instalments=12)
    answer = operations.draw(loan, command, loans.TODAY, POLICY)
    ordered = loan_of(answer)
    (order,) = answer[1]
    assert isinstance(order, DisbursementRequested)
    assert (order.part, order.amount) == (1, 300_000)
    assert ordered.principal_outstanding == 500_000
    assert operations.drawable(ordered) == 200_000
    on = loans.TODAY + timedelta(days=1)
    out, told = desks.paid_out(ordered, 1, on)
    assert loans.names(told) == ["LoanDisbursed", "LoanRescheduled"]
    assert (out.principal_outstanding, len(out.instalments)) == (800_000, 12)


def test_a_line_that_is_repaid_can_be_drawn_again() -> None:
    loan = desks.credit_line()
    on = loans.TODAY + timedelta(days=9)
    closed, events = loans.pay(loan, payoff(loan, on, on, POLICY).amount, on=on)
    assert isinstance(events[-1], LoanClosed)
    ordered = loan_of(operations.draw(closed, ask(asked.DrawMoney, loan, amount=600_000, instalments=6), on, POLICY))
    out, told = desks.paid_out(ordered, 1, on)
    assert "LoanReopened" in loans.names(told)
    assert (out.status, out.principal_outstanding) == (Status.ACTIVE, 600_000)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount": 510_000}, "over_the_limit"),
        ({"amount": 40_000}, "amount_not_offered"),
        ({"amount": 55_555}, "amount_not_offered"),
        ({"instalments": 5}, "tenor_not_offered"),
    ],
)
def test_a_draw_outside_limit_or_product_is_refused(fields: dict[str, Any], code: str) -> None:
    loan = desks.credit_line()
    command = ask(asked.DrawMoney, loan, **{"amount": 100_000, "instalments": 6, **fields})
    assert refused(lambda: operations.draw(loan, command, loans.TODAY, POLICY)) == [code]


def test_a_draw_on_what_is_no_line_or_in_arrears_is_refused() -> None:
    line, loan = desks.credit_line(), loans.active()
    command = ask(asked.DrawMoney, loan, amount=100_000, instalments=6)
    assert refused(lambda: operations.draw(loan, command, loans.TODAY, POLICY)) == ["not_revolving"]
    day = line.instalments[0].due_date + timedelta(days=1)
    assert refused(lambda: operations.draw(desks.aged(line, day), command, day, POLICY)) == ["in_arrears"]


def test_a_refund_that_failed_is_asked_for_again_to_another_account() -> None:
    loan = loans.active()
    closed, _ = loans.pay(loan, loan.total_outstanding + 700)
    command = ask(asked.AskRefundAgain, loan, refund_account="acct_new")
    assert refused(lambda: operations.refund_again(closed, command, loans.TODAY, POLICY)) == ["refund_under_way"]
    failed = replace(closed, refund=0)
    answer = operations.refund_again(failed, command, loans.TODAY, POLICY)
    (told,) = answer[1]
    assert isinstance(told, RefundRequested)
    assert (told.amount, told.refund_account) == (700, "acct_new")
    assert refused(lambda: operations.refund_again(loan, command, loans.TODAY, POLICY)) == ["no_credit"]


def test_only_a_tranche_that_is_still_to_come_can_be_cancelled() -> None:
    loan = loans.active()
    command = ask(asked.CancelTranche, loan, part=1)
    assert refused(lambda: operations.cancel_tranche(loan, command, loans.TODAY, POLICY)) == ["unknown_tranche"]
    line = loan_of(
        operations.draw(
            desks.credit_line(), ask(asked.DrawMoney, loan, amount=100_000, instalments=6), loans.TODAY, POLICY
        )
    )
    assert refused(lambda: operations.cancel_tranche(line, command, loans.TODAY, POLICY)) == ["unknown_tranche"]


def test_a_reason_names_who_said_it_and_fits_the_contract() -> None:
    assert operations.signed("mei", "x" * 300) == "mei: " + "x" * 195
