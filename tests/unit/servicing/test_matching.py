"""Money in suspense goes to the loan it was meant for: both accounts and both books agree on it, or nothing happens."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from lendstream.errors import DataError, Refused
from lendstream.events.ledger import JournalPosted
from lendstream.events.payment import PaymentReversed
from lendstream_servicing.domain import matching, payments
from lendstream_servicing.domain.asked import MatchSuspense
from lendstream_servicing.domain.chart import Role
from lendstream_servicing.domain.loan import Account, Awaiting, Loan, Status, loan_id_of
from lendstream_servicing.domain.posting import posted
from unit.servicing import loans
from unit.servicing.desks import ask

POLICY, TODAY = loans.POLICY, loans.TODAY
LATER = TODAY + timedelta(days=5)
STRANGER = loan_id_of(loans.CUSTOMER)


def waiting() -> Awaiting:
    """An account of which nobody knows a loan, with 700 yuan."""
    account, _ = payments.receive(None, loans.payment(70_000, "lost", loan_id=STRANGER), TODAY, POLICY)
    assert isinstance(account, Awaiting)
    return account


def command(account: Account, loan: Loan, **changes: object) -> MatchSuspense:
    fields = {"payment_id": "lost", "target_id": loan.id, "amount": 70_000, "currency": "CNY", "value_date": TODAY}
    return ask(MatchSuspense, account, **{**fields, **changes})


def totals(*journals: JournalPosted) -> Counter[str]:
    """What the journals add to each account, by role."""
    roles = {number: role for role, number in POLICY.accounts.items()}
    found: Counter[str] = Counter()
    for journal in journals:
        for line in journal.lines:
            found[roles[line.account]] += line.amount
    return found


def test_the_money_leaves_one_account_and_is_a_payment_in_the_other() -> None:
    source, loan = waiting(), loans.active()
    asked = command(source, loan)
    given, told = matching.release(source, asked, LATER, POLICY)
    after, events = matching.take(loan, asked, LATER, POLICY)
    assert isinstance(after, Loan)
    assert told == ()
    assert loans.names(events) == ["PaymentApplied"]
    assert given.entries[0].unallocated == 0
    assert after.entries[-1].id == matching.moved_to(asked) == given.entries[0].detail
    assert after.total_outstanding == loan.total_outstanding - 70_000
    before = posted(None, source, (), TODAY, POLICY)
    out = posted(source, given, told, LATER, POLICY).journals
    into = posted(loan, after, events, LATER, POLICY).journals
    assert {each.value_date for each in (*out, *into)} == {TODAY}
    assert totals(*out) == {Role.SUSPENSE: 70_000, Role.BANK: -70_000}
    whole = totals(*before.journals, *out, *into)
    assert (whole[Role.BANK], whole[Role.SUSPENSE]) == (70_000, 0)
    assert -whole[Role.LOAN_PRINCIPAL] - whole[Role.INTEREST_RECEIVABLE] == 70_000


def test_again_it_changes_nothing() -> None:
    source, loan = waiting(), loans.active()
    asked = command(source, loan)
    given, _ = matching.release(source, asked, TODAY, POLICY)
    after, _ = matching.take(loan, asked, TODAY, POLICY)
    assert matching.release(given, asked, LATER, POLICY) == (given, ())
    assert matching.take(after, asked, LATER, POLICY) == (after, ())


def test_money_for_a_loan_that_waits_for_its_payout_waits_there() -> None:
    source, loan = waiting(), loans.opened()
    asked = command(source, loan)
    after, events = matching.take(loan, asked, TODAY, POLICY)
    assert events == ()
    assert after.entries[-1].unallocated == 70_000
    assert totals(*posted(loan, after, (), TODAY, POLICY).journals) == {Role.BANK: 70_000, Role.SUSPENSE: -70_000}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"payment_id": "other"}, "unknown_payment"),
        ({"amount": 1}, "other_amount"),
        ({"currency": "USD"}, "other_currency"),
    ],
)
def test_money_that_is_not_there_is_not_given(changes: dict[str, object], code: str) -> None:
    source = waiting()
    with pytest.raises(DataError) as caught:
        matching.release(source, command(source, loans.active(), **changes), TODAY, POLICY)
    assert [each.code for each in caught.value.errors] == [code]


def test_money_that_was_applied_is_not_in_suspense() -> None:
    loan, _ = loans.pay(loans.active(), 70_000, "lost")
    with pytest.raises(Refused) as caught:
        matching.release(loan, command(loan, loan), TODAY, POLICY)
    assert caught.value.code == "not_in_suspense"


def test_a_loan_that_could_not_take_it_either_does_not() -> None:
    source, loan = waiting(), loans.active()
    for target, changes in ((replace(loan, status=Status.CANCELLED), {}), (loan, {"currency": "USD"})):
        with pytest.raises(Refused) as caught:
            matching.take(target, command(source, loan, **changes), TODAY, POLICY)
        assert caught.value.code == "cannot_take_it"
    with pytest.raises(Refused) as caught:
        matching.take(
            loan, ask(MatchSuspense, loan, **dict(command(source, loan)) | {"loan_id": loan.id}), TODAY, POLICY
        )
    assert caught.value.code == "same_loan"


def test_a_bounce_that_is_told_to_the_old_account_is_refused_with_where_the_money_is() -> None:
    source, loan = waiting(), loans.active()
    asked = command(source, loan)
    given, _ = matching.release(source, asked, TODAY, POLICY)
    bounced = PaymentReversed(payment_id="lost", loan_id=STRANGER, reason="bounced", reversed_on=LATER)
    with pytest.raises(Refused) as caught:
        payments.reverse(given, bounced, LATER, POLICY)
    (error,) = caught.value.errors
    assert error.code == "payment_moved"
    assert matching.moved_to(asked) in error.fix
