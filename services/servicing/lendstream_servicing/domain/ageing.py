"""What happens to a loan by itself: on its `next_action_on`, and on no other day.

Days that were missed are gone through in order, each with its own date.
"""

from datetime import date
from uuid import uuid5

from .collection import collect
from .delinquency import days_past_due
from .life import carried_on, concluded, scheduled
from .loan import Answer, Entry, Kind, Loan, Policy, Status, Telling, numbered, replace
from .tranches import pay_out_due
from .walk import Walk


def age(loan: Loan, day: date, policy: Policy) -> Answer:
    """Bring the loan through a business day, and through every day missed before it."""
    told: list[Telling] = []
    while loan.next_action_on is not None and loan.next_action_on <= day:
        loan, news = _step(loan, loan.next_action_on, policy)
        told += news
    return numbered(loan, told)


def _step(loan: Loan, on: date, policy: Policy) -> tuple[Loan, list[Telling]]:
    product = policy.product(loan)
    loan, told = carried_on(replace(loan, aged_through=on), on, policy)
    loan, news = concluded(loan, Walk(loan, policy), on, policy)
    told += news
    if loan.status is Status.ACTIVE and days_past_due(loan, on) >= product.charge_off_days:
        loan, news = charged_off(loan, on, policy, f"{product.charge_off_days} days past due")
        told += news
    if loan.status is Status.ACTIVE:
        loan, news = pay_out_due(loan, on)
        told += news
        loan, news = collect(loan, on, product)
        told += news
    return scheduled(loan, policy), told


def charged_off(loan: Loan, on: date, policy: Policy, reason: str) -> tuple[Loan, list[Telling]]:
    """Give the loan up in the books (核销): money of before that day keeps what it has settled."""
    on = max(on, loan.walked_to or on)
    entry = Entry(
        str(uuid5(loan.id, f"charge-off/{on}")),
        Kind.CHARGE_OFF,
        0,
        loan.contract.currency,
        on,
        "",
        on,
        reason=reason,
    )
    return carried_on(replace(loan, entries=(*loan.entries, entry)), on, policy)
