"""What became of the loans, in figures: products, collections, corrections, relief, and the ledger's accounts. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from lendstream.catalogue import UnknownProductError, load
from lendstream.events.application import ApplicationReceived
from lendstream.events.intake import OfferMade
from lendstream.events.ledger import JournalPosted
from lendstream.events.loan import (
    AmountWaived,
    Classification,
    DelinquencyChanged,
    HardshipRequested,
    LateFeeCharged,
    LateFeeReversed,
    LoanChargedOff,
    LoanClosed,
    LoanDisbursed,
    LoanOpened,
    LoanReopened,
    LoanRescheduled,
    PaymentApplied,
    PaymentReallocated,
    PaymentRequested,
    PaymentUndone,
    RefundPaid,
    RescheduleReason,
)
from lendstream.events.payment import FailureReason, PaymentFailed, PaymentReceived
from lendstream_simulator.facts import Facts
from lendstream_simulator.lives import lives, total


@dataclass(frozen=True, slots=True)
class Line:
    """The loans of one product, or of one way of repaying."""

    name: str
    applications: int
    loans: int
    """Paid out."""
    volume: int
    """Their principal, minor units."""
    apr: Decimal | None
    """The average all-in cost of the loans paid out, by principal."""


@dataclass(frozen=True, slots=True)
class Collections:
    """What direct debits brought."""

    ordered: int
    retried: int
    """Orders that were not the first for their instalments."""
    collected: int
    collected_amount: int
    collected_by_retry: int
    failed: Mapping[FailureReason, int]


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the ledger: what was debited and credited, minor units."""

    number: str
    debits: int
    credits: int

    @property
    def balance(self) -> int:
        """A debit balance if positive."""
        return self.debits - self.credits


Event = tuple[str, int, int]
"""What happened, how often, and the amount of it (0 where there is none), minor units."""


def products(facts: Facts) -> Sequence[Line]:
    """Every product that was applied for, by code."""
    asked = Counter(each.product for each in facts.data(ApplicationReceived))
    return _lines(facts, asked, lambda loan: loan.product)


def methods(facts: Facts) -> Sequence[Line]:
    """Every way of repaying that was applied for; a loan says its own, an application that of its product now."""
    asked = Counter(_method(each.product) for each in facts.data(ApplicationReceived))
    return _lines(facts, asked, lambda loan: loan.method)


def _lines(facts: Facts, asked: Mapping[str, int], name: Callable[[LoanOpened], str]) -> Sequence[Line]:
    offers = {each.application_id: each for each in facts.data(OfferMade)}
    paid_out = {each.loan_id for each in facts.data(LoanDisbursed)}
    loans: dict[str, list[LoanOpened]] = defaultdict(list)
    for each in facts.data(LoanOpened):
        if each.loan_id in paid_out:
            loans[name(each)].append(each)
    return [
        Line(
            name=each,
            applications=asked.get(each, 0),
            loans=len(loans[each]),
            volume=sum(loan.principal for loan in loans[each]),
            apr=_average_apr(loans[each], offers),
        )
        for each in sorted({*loans, *asked})
    ]


def collections(facts: Facts) -> Collections:
    """What direct debits brought, by the bank's answers."""
    orders = {each.request_id: each for each in facts.data(PaymentRequested)}
    paid = {each.request_id: each.amount for each in facts.data(PaymentReceived) if each.request_id in orders}
    failed = {each.request_id: each.reason for each in facts.data(PaymentFailed)}
    again = {each.request_id for each in orders.values() if each.attempt > 1}
    return Collections(
        ordered=len(orders),
        retried=len(again),
        collected=len(paid),
        collected_amount=sum(paid.values()),
        collected_by_retry=len(paid.keys() & again),
        failed=Counter(failed.values()),
    )


def classes(facts: Facts) -> Mapping[Classification, tuple[int, int]]:
    """The open loans by class of quality: how many, and their principal; empty where servicing tells no class."""
    told = sorted(facts.data(DelinquencyChanged), key=lambda each: each.sequence)
    if all(each.classification is Classification.NORMAL for each in told):
        return {}
    of = {each.loan_id: each.classification for each in told}
    found = dict.fromkeys(Classification, (0, 0))
    for loan, life in lives(facts).items():
        if life.payouts and not life.closed and not life.charged_off:
            each = of.get(loan, Classification.NORMAL)
            found[each] = found[each][0] + 1, found[each][1] + life.owed
    return found


def happenings(facts: Facts) -> Sequence[Event]:
    """What is out of the ordinary in the loans' lives, each kind that there is with its number and amount."""
    kinds = (*_early(facts), *_relief(facts), *_corrections(facts), *_losses(facts))
    return [each for each in kinds if each[1]]


def trial_balance(facts: Facts) -> Sequence[Account]:
    """Every account that was posted to, by number."""
    debited: Counter[str] = Counter()
    credited: Counter[str] = Counter()
    for line in (line for each in facts.data(JournalPosted) for line in each.lines):
        (debited if line.amount > 0 else credited)[line.account] += abs(line.amount)
    return [Account(number, debited[number], credited[number]) for number in sorted({*debited, *credited})]


def totals(accounts: Sequence[Account]) -> tuple[int, int, int, int]:
    """All debits and credits, all debit balances and credit balances: twice the same figure, if the books balance."""
    return (
        sum(each.debits for each in accounts),
        sum(each.credits for each in accounts),
        sum(max(0, each.balance) for each in accounts),
        sum(max(0, -each.balance) for each in accounts),
    )


def _early(facts: Facts) -> Iterator[Event]:
    by_intent: dict[str, list[int]] = defaultdict(list)
    for each in facts.data(PaymentApplied):
        if each.intent is not None:
            by_intent[each.intent.value].append(each.amount)
    for intent, amounts in sorted(by_intent.items()):
        yield f"early repayment: {intent.replace('_', ' ')}", len(amounts), sum(amounts)
    closed: Counter[str] = Counter(each.reason.value for each in facts.data(LoanClosed))
    for reason, number in sorted(closed.items()):
        yield f"closed: {reason}", number, 0


def _relief(facts: Facts) -> Iterator[Event]:
    restructured = [each for each in facts.data(LoanRescheduled) if each.reason is RescheduleReason.RESTRUCTURE]
    became = sum(each.capitalised_interest + each.capitalised_fee + each.capitalised_penalty for each in restructured)
    yield "relief asked for", len(facts.data(HardshipRequested)), 0
    yield "relief given (arrears that became principal)", len(restructured), became
    waived: dict[str, list[int]] = defaultdict(list)
    for each in facts.data(AmountWaived):
        waived[each.reason.value].append(sum(map(total, each.allocations)))
    for reason, amounts in sorted(waived.items()):
        yield f"waived: {reason.replace('_', ' ')}", len(amounts), sum(amounts)


def _corrections(facts: Facts) -> Iterator[Event]:
    undone, refunds = facts.data(PaymentUndone), facts.data(RefundPaid)
    yield "payments reversed and undone", len(undone), sum(each.amount for each in undone)
    yield "payments reallocated", len(facts.data(PaymentReallocated)), 0
    yield "loans reopened", len(facts.data(LoanReopened)), 0
    charged, reversed_ = facts.data(LateFeeCharged), facts.data(LateFeeReversed)
    yield "late fees charged", len(charged), sum(each.amount for each in charged)
    yield "late fees reversed", len(reversed_), sum(each.amount for each in reversed_)
    yield "refunds paid", len(refunds), sum(each.amount for each in refunds)


def _losses(facts: Facts) -> Iterator[Event]:
    given_up = facts.data(LoanChargedOff)
    recovered = [each for each in facts.data(PaymentApplied) if each.recovery]
    yield "loans charged off", len(given_up), sum(each.principal for each in given_up)
    yield "recoveries", len(recovered), sum(each.amount for each in recovered)


def _method(code: str) -> str:
    try:
        return load().product(code).method.value
    except UnknownProductError:
        return ""


def _average_apr(loans: Sequence[LoanOpened], offers: Mapping[UUID, OfferMade]) -> Decimal | None:
    known = [(offers[each.application_id].apr, each.principal) for each in loans if each.application_id in offers]
    weight = sum(principal for _, principal in known)
    return sum((apr * principal for apr, principal in known), Decimal(0)) / weight if weight else None
