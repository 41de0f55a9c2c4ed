"""Lives of loans as they may come: any product, served by any rules, and whatever may happen to it, in any order."""

import os
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from lendstream.amortization import Method
from lendstream.catalogue import AllocationBy, Catalogue, Due, InAdvance, InterestOn, PayoffInterest, Product, load
from lendstream.events.intake import LoanOptions, PlannedTranche
from lendstream.events.payment import PaymentIntent
from lendstream_servicing.domain.life import looked_at
from lendstream_servicing.domain.loan import Kind, Loan, Policy, Status
from lendstream_servicing.domain.relief import Arrears, Relief, Waiver
from unit.servicing import loans
from unit.servicing.teller import Teller

CATALOGUE = load()
_MOVING = ("credit-line", "scenario-card", "education-study", "home-renovation")
"""Of these more is paid out later."""
CODES = sorted(product.code for product in CATALOGUE.newest())
STARTS = (date(2026, 1, 31), date(2026, 3, 2), date(2026, 8, 29))


class Step(NamedTuple):
    """Something that happens: what it is, and numbers that say how much, when and which."""

    what: str
    size: int
    when: int
    which: int


class Life(NamedTuple):
    """A loan of a product, served by changed rules, and what happens to it."""

    product: str
    start: date
    tenor: int
    rules: tuple[tuple[str, Any], ...]
    tranches: int
    debit: bool
    steps: tuple[Step, ...]


_ORDERS = st.permutations(list(Due)).map(tuple)
_RULES: dict[str, st.SearchStrategy[Any]] = {
    "late_fee": st.sampled_from([0, 500]),
    "late_fee_rate": st.sampled_from([Decimal(0), Decimal("0.01")]),
    "penalty_on_interest": st.booleans(),
    "penalty_cap_share": st.sampled_from([None, Decimal("0.002"), Decimal("0.2")]),
    "grace_days": st.sampled_from([0, 3, 10]),
    "allocation": _ORDERS,
    "allocation_by": st.sampled_from(AllocationBy),
    "in_advance": st.sampled_from(InAdvance),
    "in_advance_allocation": st.none() | _ORDERS,
    "payoff_interest": st.sampled_from(PayoffInterest),
    "prepayment_fee_rate": st.sampled_from([Decimal(0), Decimal("0.013")]),
    "small_balance": st.sampled_from([0, 100, 5_000]),
    "charge_off_days": st.sampled_from([40, 120, 3650]),
    "cooling_off_days": st.sampled_from([0, 7, 31]),
    "instalment_fee": st.sampled_from([0, 200]),
}
_WHAT = ("day", "day", "jump", "pay", "pay", "pay", "reverse", "refund", "debit", "relief", "waive", "draw", "payout")
_STEP = st.builds(Step, st.sampled_from(_WHAT), st.integers(0, 10**6), st.integers(-90, 60), st.integers(0, 30))


def enough(lives: int) -> settings:
    """So many lives, always the same ones; LENDSTREAM_LIVES=20 lives twenty times as many, others each time."""
    times = int(os.environ.get("LENDSTREAM_LIVES", "1"))
    slow = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    return settings(max_examples=lives * times, derandomize=times == 1, deadline=None, suppress_health_check=slow)


def lives(most: int = 14) -> st.SearchStrategy[Life]:
    """Lives of so many steps at most."""
    return st.builds(
        Life,
        st.sampled_from([*CODES, *_MOVING * 2]),
        st.sampled_from(STARTS),
        st.integers(0, 9),
        st.fixed_dictionaries({}, optional=_RULES).map(lambda rules: tuple(rules.items())),
        st.integers(0, 3),
        st.booleans(),
        st.lists(_STEP, max_size=most).map(tuple),
    )


@lru_cache(maxsize=4096)
def policy_of(code: str, rules: tuple[tuple[str, Any], ...]) -> Policy:
    """The policy with a product served by changed rules."""
    product = CATALOGUE.product(code)
    changes = dict(rules)
    if product.method is Method.SINGLE_PAYMENT and changes.get("in_advance") in (
        InAdvance.LOWER_INSTALMENT,
        InAdvance.FEWER_INSTALMENTS,
        InAdvance.NEXT_THEN_LOWER,
    ):
        del changes["in_advance"]
    if product.interest_on is InterestOn.OUTSTANDING:  # principal goes before interest, and no other order is taken
        changes.pop("in_advance_allocation", None)
    if not changes:
        return loans.POLICY
    fields = {name: getattr(product, name) for name in Product.model_fields}
    return replace(loans.POLICY, catalogue=Catalogue({code: {1: Product(**{**fields, **changes})}}))


def begun(life: Life) -> Teller:
    """The loan of a life, opened and paid out."""
    teller = Teller(policy_of(life.product, life.rules), life.start)
    product = CATALOGUE.product(life.product)
    amount = product.amount.min * 4
    options: dict[str, Any] = (
        {"order_reference": "ORDER-1"} if product.merchants or product.payout_to != "customer" else {}
    )
    if product.income:
        options["income"] = 600_000
    count = min(life.tranches, product.tranches_max - 1)
    if count:
        days = (life.start + timedelta(days=40 * number) for number in range(1, count + 1))
        options["tranches"] = tuple(PlannedTranche(on=day, amount=amount // 5) for day in days)
    teller.opens(
        life.product,
        amount,
        product.tenors[life.tenor % len(product.tenors)],
        "0.12",
        options=LoanOptions(**options) if options else None,
        debit_account="acct_debit" if life.debit else None,
        limit=amount * 2,
    )
    teller.is_paid_out()
    return teller


def happens(teller: Teller, step: Step) -> bool:
    """Let a step happen to a loan, if it can; whether it did."""
    return _HAPPENS[step.what](teller, step)


def _day(teller: Teller, step: Step) -> bool:
    teller.lives_until(teller.today + timedelta(days=1 + step.size % 45))
    return True


def _jump(teller: Teller, step: Step) -> bool:
    teller.wakes_on(teller.today + timedelta(days=1 + step.size % 70))
    return True


INTENTS = (*[None] * 5, *PaymentIntent)


def _pay(teller: Teller, step: Step) -> bool:
    loan, number = teller.loan, sum(each.kind is Kind.PAYMENT for each in teller.loan.entries)
    amount = amount_of(loan, step, teller.policy, teller.today)
    of = teller.today + timedelta(days=step.when if step.which % 3 == 0 else 0)
    intent = INTENTS[step.which % len(INTENTS)]
    order = teller.loan.debit.waits_for if step.which % 7 == 0 else None
    currency = "USD" if step.size % 41 == 0 else None
    teller.receives(amount, f"pay_{number}", of=of, intent=intent, request_id=order, currency=currency)
    return True


def amount_of(loan: Loan, step: Step, policy: Policy, today: date) -> int:
    """Some money: any, an instalment, all that is due, all that is owed, what repays it, too much."""
    row = loan.instalments[step.which % len(loan.instalments)]
    walk = looked_at(loan, today, policy)
    due = sum(each.outstanding for each in walk.rows[: walk.first_after(today)])
    some = 1 + step.size % (loan.contract.principal // 3)
    choices = (
        some,
        some,
        row.principal + row.interest + row.fee,
        due,
        due + some,
        walk.total_outstanding,
        walk.total_outstanding - 1 - step.size % 90,
        walk.payoff(today).total if loan.charged_off_on is None else 0,
        walk.total_outstanding + some,
        1 + step.size % 3,
    )
    return max(choices[step.size % len(choices)], 1)


def _reverse(teller: Teller, step: Step) -> bool:
    payments = [each.id for each in teller.loan.entries if each.kind is Kind.PAYMENT]
    if payments:
        teller.takes_back(payments[step.which % len(payments)])
    return bool(payments)


def _refund(teller: Teller, step: Step) -> bool:
    if not teller.loan.refund:
        return False
    if step.size % 4:
        teller.gives_back()
    else:
        teller.fails_to_give_back()
    return True


def _debit(teller: Teller, step: Step) -> bool:
    order = teller.loan.debit.waits_for
    if order is None:
        return False
    if step.size % 3:
        teller.fails_to_collect()
    else:
        number = sum(each.kind is Kind.PAYMENT for each in teller.loan.entries)
        teller.receives(1 + step.size, f"pay_{number}", request_id=order)
    return True


RELIEFS = (
    Relief(extra_instalments=6),
    Relief(holiday=2),
    Relief(annual_rate=Decimal("0.03")),
    Relief(arrears=Arrears.CAPITALISE),
    Relief(waive=(Due.PENALTY,)),
    Relief(arrears=Arrears.CAPITALISE, waive=(Due.PENALTY, Due.FEE), extra_instalments=3, annual_rate=Decimal("0.05")),
    Relief(holiday=1, arrears=Arrears.CAPITALISE),
)


_LET_GO = (Due.PENALTY, Due.INTEREST, Due.FEE, Due.PRINCIPAL)
WAIVERS = tuple(Waiver(parts=_LET_GO[:count], up_to=up_to) for count in range(1, 5) for up_to in (1, 300, 20_000))


def _relief(teller: Teller, step: Step) -> bool:
    loan = teller.loan
    if loan.status is not Status.ACTIVE or loan.undrawn:
        return False
    teller.relieves(RELIEFS[step.which % len(RELIEFS)])
    return True


def _waive(teller: Teller, step: Step) -> bool:
    if teller.loan.status not in (Status.ACTIVE, Status.CHARGED_OFF):
        return False
    teller.waives(WAIVERS[step.which % len(WAIVERS)])
    return True


def _draw(teller: Teller, step: Step) -> bool:
    loan, amount = teller.loan, 1_000 + step.size % 100_000
    room = loan.contract.credit_limit - loan.principal_outstanding
    if loan.status not in (Status.ACTIVE, Status.CLOSED) or amount > room or loan.overdue_amount:
        return False
    teller.draws(amount, 1 + step.which % 12)
    return True


def _payout(teller: Teller, step: Step) -> bool:
    waiting = [each for each in teller.loan.payouts if each.attempt and each.done_on is None and not each.cancelled]
    if not waiting or teller.loan.charged_off_on is not None:
        return False  # money that leaves after a charge-off is an operator's case
    part = waiting[step.which % len(waiting)].part
    if step.size % 5 < 3:
        teller.is_paid_out(part)
    else:
        teller.is_not_paid_out(part, retryable=step.size % 5 == 3)
    return True


_HAPPENS = {
    "day": _day,
    "jump": _jump,
    "pay": _pay,
    "reverse": _reverse,
    "refund": _refund,
    "debit": _debit,
    "relief": _relief,
    "waive": _waive,
    "draw": _draw,
    "payout": _payout,
}
