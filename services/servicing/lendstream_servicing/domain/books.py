"""The books: which journal each event of a loan makes (借贷记账), and how journals are chained.

| event | debit | credit |
|---|---|---|
| LoanDisbursed | loan_principal: principal | bank: payout; fee_income, fee_payable_third_party: opening fees |
| - with subsidies | subsidy_receivable | unearned_interest |
| PaymentApplied | bank (suspense, if it waited there) | loan_principal, interest_receivable, fee_receivable, |
| | | penalty_income, prepayment_fee_income, customer_credit |
| - after a charge-off | bank (suspense) | recovery_income; customer_credit |
| PaymentReallocated | the parts before | the parts now |
| PaymentUndone | the parts before | bank |
| AmountWaived | waiver_expense | loan_principal, interest_receivable, fee_receivable |
| WaiverUndone | loan_principal, interest_receivable, fee_receivable | waiver_expense |
| LoanRescheduled | loan_principal: what became principal | interest_receivable, fee_receivable, penalty_income |
| - restructure undone | interest_receivable, fee_receivable, penalty_income | loan_principal |
| LoanChargedOff | loan_loss_allowance | loan_principal, interest_receivable, fee_receivable |
| RefundPaid | customer_credit | bank |
| LoanClosed, LoanChargedOff with a subsidy cancelled | unearned_interest | subsidy_receivable |
| money for no loan yet; given back | bank; suspense | suspense; bank |

Interest and fees become receivable, and subsidies and provisions are booked, by product when the day is closed
(`domain.closing`). Penalties are income when they are received, not when they are charged: most never are (prudence).
Every other event moves no money and makes no journal. Amounts are minor units: positive debits, negative credits.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from lendstream.events.ledger import JournalKind, JournalPosted
from lendstream.events.loan import (
    Allocation,
    AmountWaived,
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
    WaiverUndone,
)
from lendstream.journal_chain import Chain, link

from .chart import Role

Line = tuple[Role, int]
"""One side: a debit if positive, a credit if negative."""
_LENDER = "lender"


class UnbalancedError(ValueError):
    """The lines of a draft do not sum to zero: an event contradicts itself, or a posting rule is wrong."""


class Draft(NamedTuple):
    """A journal before it has its place in a book."""

    kind: JournalKind
    value_date: date
    """The day from which it counts."""
    currency: str
    lines: tuple[Line, ...]
    """At least two, none of them 0; they sum to zero."""
    reference: str
    """What it comes from."""


Drafts = tuple[Draft, ...]


class Facts(NamedTuple):
    """What the rules must know of a loan that its events do not say."""

    opening_fees: Sequence[OpeningFee] = ()
    """The fees kept from the first payout, as LoanOpened told them."""
    subsidies: Sequence[Payer] = ()
    """The interest that others bear, as LoanOpened told it."""
    suspended: frozenset[str] = frozenset()
    """The numbers of payments whose money was posted to suspense when it came."""
    charged_off: bool = False
    """Whether the loan was charged off before the event."""
    subsidy_cancelled: int = 0
    """Of the subsidies, what will not be earned any more when the loan is closed or charged off with the event."""


def draft(kind: JournalKind, value_date: date, currency: str, reference: str, *lines: Line) -> Drafts:
    """The journal of these lines, without those of 0; none if nothing is left.

    Errors: UnbalancedError when they do not sum to zero.
    """
    kept = tuple([line for line in lines if line[1]])
    if difference := sum([amount for _, amount in kept]):
        raise UnbalancedError(f"{kind} {reference}: debits and credits differ by {difference}: {_told(kept)}")
    return (Draft(kind, value_date, currency, kept, reference[:200]),) if kept else ()


def drafts_of(event: LoanEvent, facts: Facts) -> Drafts:
    """The journals that an event makes; none where it moves no money. Errors: UnbalancedError."""
    rule = RULES.get(type(event))
    return rule(event, facts) if rule else ()


def drafts_of_all(events: Iterable[LoanEvent], facts: Facts) -> Drafts:
    """The journals of a loan's events in their order; `facts` are as before the first. Errors: UnbalancedError."""
    drafts: list[Draft] = []
    for event in events:
        drafts += drafts_of(event, facts)
        if type(event) is LoanChargedOff:
            facts = facts._replace(charged_off=True, subsidy_cancelled=0)
    return tuple(drafts)


def suspense_received(payment_id: str, amount: int, currency: str, value_date: date) -> Drafts:
    """Money came that no loan can take yet."""
    return draft(
        JournalKind.SUSPENSE,
        value_date,
        currency,
        f"payment {payment_id}",
        (Role.BANK, amount),
        (Role.SUSPENSE, -amount),
    )


def suspense_released(payment_id: str, amount: int, currency: str, value_date: date) -> Drafts:
    """Money in suspense went back to where it came from, such as a payment that bounced before its loan was there."""
    return draft(
        JournalKind.SUSPENSE,
        value_date,
        currency,
        f"payment {payment_id}",
        (Role.SUSPENSE, amount),
        (Role.BANK, -amount),
    )


def subsidy_cancelled(amount: int, currency: str, value_date: date, reference: str) -> Drafts:
    """A part of the subsidies will not be earned any more; a negative amount: it will be after all."""
    lines = ((Role.UNEARNED_INTEREST, amount), (Role.SUBSIDY_RECEIVABLE, -amount))
    return draft(JournalKind.SUBSIDY, value_date, currency, reference, *lines)


def _disbursed(event: LoanDisbursed, facts: Facts) -> Drafts:
    first = event.part == 0
    fees = facts.opening_fees if first else ()
    reference = f"payout {event.disbursement_id}"
    paid_out = draft(
        JournalKind.DISBURSEMENT,
        event.disbursed_on,
        event.currency,
        reference,
        (Role.LOAN_PRINCIPAL, event.principal),
        (Role.BANK, -event.amount),
        (Role.FEE_INCOME, -sum(fee.amount for fee in fees if fee.payee == _LENDER)),
        (Role.FEE_PAYABLE_THIRD_PARTY, -sum(fee.amount for fee in fees if fee.payee != _LENDER)),
    )
    borne = sum(payer.amount for payer in facts.subsidies) if first else 0
    if not borne:
        return paid_out
    lines = ((Role.SUBSIDY_RECEIVABLE, borne), (Role.UNEARNED_INTEREST, -borne))
    return paid_out + draft(JournalKind.SUBSIDY, event.disbursed_on, event.currency, reference, *lines)


def _applied(event: PaymentApplied, facts: Facts) -> Drafts:
    split = _split(event.allocations, event.fee, event.credit, event.recovery, facts)
    source = Role.SUSPENSE if event.payment_id in facts.suspended else Role.BANK
    kind = JournalKind.RECOVERY if event.recovery else JournalKind.REPAYMENT
    reference = f"payment {event.payment_id}"
    return draft(kind, event.value_date, event.currency, reference, (source, event.amount), *_credits(split))


def _reallocated(event: PaymentReallocated, facts: Facts) -> Drafts:
    before = _split(event.previous, event.previous_fee, event.previous_credit, event.recovery, facts)
    now = _split(event.allocations, event.fee, event.credit, event.recovery, facts)
    moved = [(role, amount - now[role]) for role, amount in before.items()]  # of one shape: the facts are the same
    reference = f"payment {event.payment_id}: {event.cause}"
    return draft(JournalKind.REALLOCATION, event.value_date, event.currency, reference, *moved)


def _undone(event: PaymentUndone, facts: Facts) -> Drafts:
    split = _split(event.previous, event.previous_fee, event.previous_credit, event.recovery, facts)
    reference = f"payment {event.payment_id}"
    lines = (*split.items(), (Role.BANK, -event.amount))
    return draft(JournalKind.REVERSAL, event.undone_on, event.currency, reference, *lines)


def _waived(event: AmountWaived, facts: Facts) -> Drafts:
    return _waiver(event.waived_on, event, facts, 1)


def _waiver_undone(event: WaiverUndone, facts: Facts) -> Drafts:
    return _waiver(event.undone_on, event, facts, -1)


def _waiver(on: date, event: AmountWaived | WaiverUndone, facts: Facts, sign: int) -> Drafts:
    """A penalty that is waived was never income; a loan charged off was expensed before."""
    if facts.charged_off:
        return ()
    given = _owed(event.allocations)
    lines = ((Role.WAIVER_EXPENSE, sign * sum(given.values())), *((role, -sign * each) for role, each in given.items()))
    return draft(JournalKind.WAIVER, on, event.currency, f"waiver {event.waiver_id}", *lines)


def _rescheduled(event: LoanRescheduled, facts: Facts) -> Drafts:
    """Arrears that became principal; negative amounts go back."""
    if facts.charged_off:
        return ()
    interest, fee, penalty = event.capitalised_interest, event.capitalised_fee, event.capitalised_penalty
    return draft(
        JournalKind.CAPITALISATION,
        event.effective_on,
        event.currency,
        event.reason,
        (Role.LOAN_PRINCIPAL, interest + fee + penalty),
        (Role.INTEREST_RECEIVABLE, -interest),
        (Role.FEE_RECEIVABLE, -fee),
        (Role.PENALTY_INCOME, -penalty),
    )


def _charged_off(event: LoanChargedOff, facts: Facts) -> Drafts:
    """Penalties are not given up: they were never an asset.

    What is given up more later was posted with the payment that bounced or counts differently since (`_split`).
    """
    if facts.charged_off:
        return ()
    given_up = draft(
        JournalKind.CHARGE_OFF,
        event.charged_off_on,
        event.currency,
        event.reason,
        (Role.LOAN_LOSS_ALLOWANCE, event.principal + event.interest + event.fee),
        (Role.LOAN_PRINCIPAL, -event.principal),
        (Role.INTEREST_RECEIVABLE, -event.interest),
        (Role.FEE_RECEIVABLE, -event.fee),
    )
    return given_up + subsidy_cancelled(facts.subsidy_cancelled, event.currency, event.charged_off_on, "charged off")


def _refunded(event: RefundPaid, _: Facts) -> Drafts:
    lines = ((Role.CUSTOMER_CREDIT, event.amount), (Role.BANK, -event.amount))
    return draft(JournalKind.REFUND, event.paid_on, event.currency, f"refund {event.refund_id}", *lines)


def _closed(event: LoanClosed, facts: Facts) -> Drafts:
    """Returned or prepaid, interest ends: what was still to be earned of the subsidies is not owed to the lender."""
    return subsidy_cancelled(facts.subsidy_cancelled, event.currency, event.closed_on, event.reason)


RULES: Mapping[type[LoanEvent], Callable[[Any, Facts], Drafts]] = {
    LoanDisbursed: _disbursed,
    PaymentApplied: _applied,
    PaymentReallocated: _reallocated,
    PaymentUndone: _undone,
    AmountWaived: _waived,
    WaiverUndone: _waiver_undone,
    LoanRescheduled: _rescheduled,
    LoanChargedOff: _charged_off,
    RefundPaid: _refunded,
    LoanClosed: _closed,
}
"""Which event makes journals, and by which rule."""


def chained(
    chain: Chain,
    book: str,
    drafts: Iterable[Draft],
    accounts: Mapping[Role, str],
    posted_on: date,
    *,
    loan_id: UUID | None = None,
    product: str | None = None,
) -> tuple[Chain, tuple[JournalPosted, ...]]:
    """Give the drafts their places in the book: how far it has come then, and what to publish.

    accounts: the numbers of the chart (`Chart.numbers`). posted_on: the business day. Raises pydantic's ValidationError
    where the contract refuses a journal.
    """
    journals: list[JournalPosted] = []
    about = None if loan_id is None else str(loan_id)
    for kind, value_date, currency, lines, reference in drafts:
        numbered = [(accounts[role], amount) for role, amount in lines]
        id_, hash_ = link(chain, book, kind, currency, value_date, posted_on, numbered, about, product, reference)
        # one call that checks everything against the contract is faster than building model by model unchecked
        journals.append(
            JournalPosted.model_validate(
                {
                    "book": book,
                    "number": chain.number + 1,
                    "journal_id": id_,
                    "kind": kind,
                    "loan_id": loan_id,
                    "product": product,
                    "currency": currency,
                    "value_date": value_date,
                    "posted_on": posted_on,
                    "lines": tuple([{"account": account, "amount": each} for account, each in numbered]),
                    "reference": reference,
                    "previous_hash": chain.head,
                    "hash": hash_,
                }
            )
        )
        chain = Chain(chain.number + 1, hash_)
    return chain, tuple(journals)


def product_book(product: str, currency: str) -> str:
    """The book of what is booked by product."""
    return f"product:{product}:{currency}"


def _owed(allocations: Iterable[Allocation]) -> dict[Role, int]:
    """What allocations settle, as assets of the lender."""
    principal = interest = fee = 0
    for each in allocations:
        principal += each.principal
        interest += each.interest
        fee += each.fee
    return {Role.LOAN_PRINCIPAL: principal, Role.INTEREST_RECEIVABLE: interest, Role.FEE_RECEIVABLE: fee}


def _split(allocations: Iterable[Allocation], fee: int, credit: int, recovery: bool, facts: Facts) -> dict[Role, int]:
    """Where a payment goes, by account.

    One of before the charge-off that is applied or changed after it corrects what was given up: the allowance.
    """
    owed = _owed(allocations)
    penalty = sum([each.penalty for each in allocations])
    if recovery:
        return {Role.RECOVERY_INCOME: sum(owed.values()) + penalty + fee, Role.CUSTOMER_CREDIT: credit}
    if facts.charged_off:
        owed = {Role.LOAN_LOSS_ALLOWANCE: sum(owed.values())}
    return owed | {Role.PENALTY_INCOME: penalty, Role.PREPAYMENT_FEE_INCOME: fee, Role.CUSTOMER_CREDIT: credit}


def _credits(split: Mapping[Role, int]) -> Iterable[Line]:
    return [(role, -amount) for role, amount in split.items()]


def _told(lines: Iterable[Line]) -> str:
    return ", ".join(f"{role} {amount:+d}" for role, amount in lines)
