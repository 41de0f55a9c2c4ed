"""The audit of debits, corrections, refunds, closings and journals: what is lost, doubled or wrong of each is found."""

import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from rich.console import Console

from lendstream.envelope import Envelope, Record
from lendstream.events import loan
from lendstream.events.base import Event
from lendstream.events.ledger import JournalKind, JournalPosted
from lendstream.events.payment import PaymentFailed, PaymentReceived, PaymentReversed, RefundConfirmed
from lendstream_simulator.actor import opened
from lendstream_simulator.audit import audit
from lendstream_simulator.report import print_audit
from unit.simulator.altered import (
    Pick,
    any_of,
    audited,
    found,
    place,
    with_change,
    with_double,
    with_id,
    without,
)
from unit.simulator.played import envelopes, story

pytestmark = pytest.mark.usefixtures("decoded_once")


def of_kind(kind: JournalKind) -> Pick:
    return lambda envelope: isinstance(envelope.data, JournalPosted) and envelope.data.kind is kind


def once(envelope: Envelope[Event]) -> bool:
    """Told in one record, however often its channel repeats others."""
    told = [each for each in envelopes() if each is not None and each.data == envelope.data]
    return len(told) == 1


def last_of_its_loan(envelope: Envelope[Event]) -> bool:
    event = envelope.data
    assert isinstance(event, loan.LoanEvent)
    others = [each.data for each in envelopes() if each is not None and isinstance(each.data, loan.LoanEvent)]
    return event.sequence == max(each.sequence for each in others if each.loan_id == event.loan_id)


def still_closed(envelope: Envelope[Event]) -> bool:
    return last_of_its_loan(envelope) or not any(
        isinstance(each.data, loan.LoanReopened) and each.data.loan_id == getattr(envelope.data, "loan_id", None)
        for each in envelopes()
        if each is not None
    )


def by_debit(envelope: Envelope[Event]) -> bool:
    return getattr(envelope.data, "request_id", None) is not None and once(envelope)


def states_the_last(envelope: Envelope[Event]) -> bool:
    """The last payment of a loan that no other event says more of."""
    return isinstance(envelope.data, loan.PaymentApplied) and last_of_its_loan(envelope)


def followed(envelope: Envelope[Event]) -> bool:
    """A journal that another one of its book comes after: only a hash that is referred to can be held against it."""
    journals = [each.data for each in envelopes() if each is not None and isinstance(each.data, JournalPosted)]
    own = envelope.data
    assert isinstance(own, JournalPosted)
    return any(each.book == own.book and each.number == own.number + 1 for each in journals)


LOST: list[tuple[type[Event], Pick, str]] = [
    (loan.PaymentRequested, any_of, "one answer a debit order"),
    (PaymentFailed, once, "one answer a debit order"),
    (PaymentReceived, by_debit, "one answer a debit order"),
    (loan.PaymentUndone, any_of, "one undoing a reversed payment"),
    (PaymentReversed, once, "one undoing a reversed payment"),
    (loan.RefundRequested, any_of, "a refund was ordered"),
    (loan.RefundPaid, any_of, "one booking a refund"),
    (RefundConfirmed, once, "one booking a refund"),
    (loan.LoanClosed, still_closed, "a loan that owes nothing is closed"),
    (loan.LoanReopened, any_of, "a loan is closed and reopened in turn"),
    (loan.LoanChargedOff, any_of, "a loan's principal account is what its events leave"),
    (loan.AmountWaived, any_of, "sequences without gaps"),
    (JournalPosted, of_kind(JournalKind.DISBURSEMENT), "a loan's principal account is what its events leave"),
    (JournalPosted, of_kind(JournalKind.REPAYMENT), "the bank account is what moved"),
    (JournalPosted, of_kind(JournalKind.SUSPENSE), "the bank account is what moved"),
    (JournalPosted, of_kind(JournalKind.REFUND), "the bank account is what moved"),
]


@pytest.mark.parametrize(("kind", "pick", "what"), LOST)
def test_what_is_lost_is_found(kind: type[Event], pick: Pick, what: str) -> None:
    lost = audited(without(kind, pick))
    assert what in found(lost)
    assert not lost.ok


DOUBLED: list[tuple[type[Event], str]] = [
    (loan.PaymentRequested, "one debit order an id"),
    (loan.PaymentUndone, "one undoing a reversed payment"),
    (loan.RefundRequested, "one refund order an id"),
    (loan.RefundPaid, "one booking a refund"),
    (loan.LoanChargedOff, "sequences without doubles"),
    (loan.AmountWaived, "one waiver an id"),
    (JournalPosted, "one posting a journal"),
    (JournalPosted, "chains without doubles"),
]


@pytest.mark.parametrize(("kind", "what"), DOUBLED)
def test_what_is_doubled_is_found(kind: type[Event], what: str) -> None:
    assert what in found(audited(with_double(kind)))


def test_a_debit_that_is_paid_and_failed_is_found() -> None:
    """Two answers of one order."""
    records = story().records
    paid, failed = records[place(PaymentReceived, by_debit)], records[place(PaymentFailed)]
    data = json.loads(failed.value or b"") | {"request_id": json.loads(paid.value or b"")["request_id"]}
    contrary = replace(with_id(failed, str(uuid4())), value=json.dumps(data).encode())
    assert found(audited([*records, contrary])) == {"one answer a debit order"}


def _more(*path: str, by: int = 1) -> Callable[[dict[str, Any]], object]:
    """Add to the figures of these names."""
    return lambda data: data.update({name: data[name] + by for name in path})


def _line(number: int, **fields: object) -> Callable[[dict[str, Any]], object]:
    return lambda data: data["lines"][number].update(fields)


def _unbalanced(data: dict[str, Any]) -> None:
    data["lines"][0]["amount"] += 1


def _previous(data: dict[str, Any]) -> None:
    data["previous"][0]["principal"] += 1
    data["previous"][0]["interest"] -= 1


STATED, ENDED = "the principal stated is the principal owed", "a loan that owes nothing is closed"
CONTRADICTORY: list[tuple[type[Event], Pick, Callable[[dict[str, Any]], object], str]] = [
    (JournalPosted, any_of, _unbalanced, "a journal balances"),
    (JournalPosted, any_of, lambda data: data.update(previous_hash="f" * 64), "chains are linked"),
    (JournalPosted, followed, lambda data: data.update(hash="f" * 64), "chains are linked"),
    (JournalPosted, any_of, lambda data: data.update(number=9), "chains without gaps"),
    (JournalPosted, of_kind(JournalKind.REPAYMENT), _line(0, account="1012"), "the bank account is what moved"),
    (
        JournalPosted,
        of_kind(JournalKind.DISBURSEMENT),
        _line(0, account="1301"),
        "a loan's principal account is what its events leave",
    ),
    (loan.PaymentUndone, any_of, _previous, "a change begins where the payment counted"),
    (loan.PaymentUndone, any_of, _more("amount"), "allocations, fee and credit sum to the payment"),
    (loan.PaymentUndone, any_of, _more("amount", "previous_credit"), "what is undone is what was applied"),
    (loan.RefundPaid, any_of, _more("amount"), "a refund is the amount asked for"),
    (loan.RefundRequested, any_of, _more("amount", by=1), "refunds within the credit"),
    (PaymentReceived, by_debit, _more("amount"), "a debit brings what was ordered"),
    (loan.LoanChargedOff, any_of, _more("principal"), "a charge-off gives up all principal"),
    (loan.LoanDisbursed, any_of, _more("principal"), "a loan's principal account is what its events leave"),
    (loan.LoanDisbursed, any_of, _more("part"), "money out is money asked for"),
    (loan.PaymentApplied, states_the_last, _more("principal_outstanding"), STATED),
    (loan.PaymentApplied, states_the_last, lambda data: data.update(total_outstanding=0), ENDED),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "pick", "change", "what"), CONTRADICTORY)
def test_what_contradicts_itself_is_found(
    kind: type[Event], pick: Pick, change: Callable[[dict[str, Any]], object], what: str
) -> None:
    wrong = audited(with_change(kind, change, pick))
    assert what in found(wrong)
    assert not wrong.ok


@pytest.mark.parametrize("kind", [JournalKind.REPAYMENT, JournalKind.DISBURSEMENT])
def test_an_account_that_is_off_makes_the_books_uneven(kind: JournalKind) -> None:
    """Said twice: by the findings, and by the figures that people look at."""
    off = audited(with_change(JournalPosted, _line(1, account="9999"), of_kind(kind)))
    assert [each.name for each in off.balances if not each.even]


def test_journals_out_of_the_topics_order_are_found() -> None:
    records = list(story().records)
    first = place(JournalPosted, of_kind(JournalKind.DISBURSEMENT))
    book = next(each.data.loan_id for each in envelopes()[first:] if each and isinstance(each.data, JournalPosted))
    second = place(JournalPosted, lambda each: getattr(each.data, "loan_id", None) == book and each.data.number == 2)  # type: ignore[attr-defined]
    records[first], records[second] = records[second], records[first]
    assert "chains in the topic's order" in found(audited(records))


def _without_all(*kinds: type[Event]) -> list[Record]:
    return [each for each in story().records if (told := opened(each)) is None or not isinstance(told.data, kinds)]


def test_what_cannot_be_looked_at_is_said() -> None:
    """No journals is no finding, but nobody takes it for books that balance."""
    silent = audited(_without_all(JournalPosted))
    assert silent.findings == ()
    assert silent.unchecked == ("journals: no JournalPosted",)
    assert not [each for each in silent.balances if "account" in each.name]
    text = StringIO()
    print_audit(Console(file=text, width=120), silent)
    assert "Not checked: journals: no JournalPosted" in text.getvalue()
    assert audit([]).unchecked == (
        "charge-offs: no LoanChargedOff",
        "reversals: no PaymentReversed or PaymentUndone",
        "reallocations: no PaymentReallocated or PaymentUndone",
        "waivers: no AmountWaived or WaiverUndone",
        "debit orders: no PaymentRequested",
        "refunds: no RefundRequested or RefundPaid",
        "journals: no JournalPosted",
    )


def test_what_is_wholly_lost_is_found_by_what_it_answers() -> None:
    """A kind that is gone altogether is not taken for one that is not there yet, where its cause is there."""
    assert "one undoing a reversed payment" in found(audited(_without_all(loan.PaymentUndone)))
    assert "one booking a refund" in found(audited(_without_all(loan.RefundPaid)))
