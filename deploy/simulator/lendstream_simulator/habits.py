"""Which payments a habit makes on a day. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from lendstream.events.payment import PaymentIntent
from lendstream_simulator.accounts import Account
from lendstream_simulator.scripts import Habit, Script
from lendstream_simulator.seeded import identifier

AFTERTHOUGHT = "unknown loan"
"""The heading in statistics of payments whose loan nobody knows."""
OTHER_CURRENCY = "USD"
PATIENCE = 10
"""Days after which somebody whose debit orders brought nothing pays by transfer instead."""
_REPORTED_LATE = 3
_COOLING_OFF = 7
_ROUND = 10_000
"""A hundred yuan: who settles without asking pays a little too much."""
_SICK_LEAVE = 10
"""Days in which somebody who fell ill asks for relief, as long as nobody hears it."""
_EARLY = {Habit.LOWERS: PaymentIntent.LOWER_INSTALMENT, Habit.SHORTENS: PaymentIntent.FEWER_INSTALMENTS}


class Share(StrEnum):
    """How much a step pays."""

    OPEN = "what is open of the instalment"
    WHOLE = "the whole instalment again"
    HALF = "half of the instalment"
    EVERYTHING = "what is open of the loan, in round figures"


@dataclass(frozen=True, slots=True)
class Step:
    """One payment of an instalment, so many days after it is due."""

    name: str
    after: int = 0
    share: Share = Share.OPEN
    copies: int = 1
    back: int = 0
    """Days that the value date lies before the day of the report."""
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment to make: `copies` records of the same money."""

    payment_id: str
    instalment: int
    amount: int
    copies: int = 1
    value_date: date | None = None
    """The day from which it counts, if it is not the day of the report."""
    currency: str | None = None
    """Another currency than the loan's."""
    intent: PaymentIntent | None = None


def steps(script: Script, *, by_debit: bool) -> tuple[Step, ...]:
    """The payments that a borrower makes for an instalment, in order."""
    if script.habit is Habit.NEVER:
        return ()
    if by_debit:  # the lender collects; the borrower mends what that leaves
        return (Step("full", script.funds_after + PATIENCE),)
    match script.habit:
        case Habit.EARLY:
            return (Step("full", -script.days),)
        case Habit.LATE:
            return (Step("full", script.days),)
        case Habit.PARTIAL:
            return (Step("half", share=Share.HALF), Step("rest", script.days))
        case _:
            return _STEPS.get(script.habit, (Step("full"),))


_STEPS = {
    Habit.TWICE: (Step("full"), Step("again", share=Share.WHOLE)),
    Habit.REPEATED: (Step("full", copies=2),),
    Habit.BACKDATED: (Step("full", _REPORTED_LATE, back=_REPORTED_LATE),),
    Habit.FOREIGN: (Step("foreign", share=Share.WHOLE, currency=OTHER_CURRENCY), Step("full", 1)),
    Habit.SETTLES: (Step("full", share=Share.EVERYTHING),),
}


def payment_id(loan_id: UUID, number: int, name: str) -> str:
    """The channel's number of a payment: the same for the same step, whenever it is made."""
    return f"pay_{identifier('payment', loan_id, number, name).hex}"


def payments_on(day: date, account: Account) -> Iterator[Payment]:
    """The payments that the borrower makes on a day, all those missed on days that were skipped included."""
    if account.disbursed_on is None or account.ended or account.requested_relief or account.collected:
        return
    if account.whole_life and account.script.habit is Habit.RETURNS:
        returned = _return(account)
        if returned.payment_id not in account.sent and 3 <= (day - account.disbursed_on).days < _COOLING_OFF:
            yield returned
            return
        if account.sent.get(returned.payment_id) == day:
            return
    if account.whole_life and account.script.habit in _EARLY:
        yield from _early_repayment(day, account, _EARLY[account.script.habit])
    for number, row in account.schedule.items():
        if row.due_date - timedelta(days=31) > day:
            return
        if account.open(number):
            yield from _of_instalment(day, account, number, row.due_date)


def wants_to_pay_off(day: date, account: Account) -> bool:
    """Whether the borrower asks today what it takes to pay the loan off."""
    return account.script.habit is Habit.PAYS_OFF and _some_time_after_the_first(day, account, "pay-off")


def pay_off(account: Account, amount: int) -> Payment:
    """The payment of an amount that the lender named."""
    number = payment_id(account.opened.loan_id, 1, "pay-off")
    return Payment(number, 1, amount, intent=PaymentIntent.PAY_OFF)


def wants_relief(day: date, account: Account) -> bool:
    """Whether the borrower, fallen ill, asks for relief today: before the first instalment, or having missed it."""
    if account.script.habit is not Habit.FALLS_ILL or account.disbursed_on is None or account.ended:
        return False
    since = (day - account.disbursed_on).days - account.script.days
    return not account.asked_relief and 12 <= since < 12 + _SICK_LEAVE


def _return(account: Account) -> Payment:
    """The principal paid out."""
    number = payment_id(account.opened.loan_id, 0, "return")
    return Payment(number, 0, account.principal_out, intent=PaymentIntent.RETURN)


def _early_repayment(day: date, account: Account, intent: PaymentIntent) -> Iterator[Payment]:
    """Three tenths of the principal that is left, once, some days after the first instalment."""
    amount = account.principal_left() * 3 // 10 // 100 * 100
    if amount and _some_time_after_the_first(day, account, "early"):
        yield Payment(payment_id(account.opened.loan_id, 1, "early"), 1, amount, intent=intent)


def _some_time_after_the_first(day: date, account: Account, name: str) -> bool:
    first = account.schedule.get(1)
    if first is None or account.open(1) or account.ended or not account.disbursed or account.collected:
        return False
    made = payment_id(account.opened.loan_id, 1, name) in account.sent
    return not made and day >= first.due_date + timedelta(days=5)


def _of_instalment(day: date, account: Account, number: int, due: date) -> Iterator[Payment]:
    made: list[str] = []
    paying = False
    for step in steps(account.script, by_debit=account.by_debit):
        payment = payment_id(account.opened.loan_id, number, step.name)
        if payment in account.sent:
            made.append(payment)
        elif due + timedelta(days=step.after) > day or (paying and step.share is not Share.WHOLE):
            return  # a step that pays what is open waits until it is known what the step before left
        else:
            paying = True
            value_date = due + timedelta(days=step.after - step.back) if step.back else day
            amount = _amount(account, number, step.share)
            yield Payment(payment, number, amount, step.copies, value_date, step.currency)
    if not paying:
        yield from _what_is_left(day, account, number, made)


def _what_is_left(day: date, account: Account, number: int, made: list[str]) -> Iterator[Payment]:
    """Penalties take a part of a late payment, and payments bounce: what that leaves open is paid on the next day."""
    while made and account.applied.issuperset(made):
        payment = payment_id(account.opened.loan_id, number, f"left-{len(made)}")
        if payment not in account.sent:
            if max(account.sent[each] for each in made) < day:
                yield Payment(payment, number, account.open(number))
            return
        made.append(payment)


def _amount(account: Account, number: int, share: Share) -> int:
    match share:
        case Share.OPEN:
            return account.open(number)
        case Share.EVERYTHING:
            return -(-account.open_in_all() // _ROUND) * _ROUND
        case Share.WHOLE:
            return account.whole(number)
        case Share.HALF:
            return max(1, account.open(number) // 2)
