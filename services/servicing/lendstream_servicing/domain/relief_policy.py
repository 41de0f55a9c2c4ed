"""The relief policy: which relief a customer in hardship may get, by what happened in their life. Data, and its checks.

`refusals` says everything that keeps a plan from being given; `plans` lists what may be. What a plan would cost is in
`quotes`.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from lendstream.catalogue import Due
from lendstream.errors import FieldError
from lendstream.events.base import Model, Rate

from .asked import Circumstance
from .delinquency import days_past_due
from .loan import Kind, Loan, Status
from .relief import Arrears, Relief

_SIZES = (1, 2, 3, 6, 12, 24, 36)
"""The sizes that are proposed; any other within the rules may be asked for."""


class Wording(Model):
    """What people read, in both languages."""

    zh: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]


class CircumstanceRules(Model):
    """What may be given after one kind of event in a customer's life."""

    name: Wording
    """Its name."""
    evidence: Wording | None = None
    """What the customer has to show; none: nothing."""
    times: Annotated[int, Field(ge=1, le=20)]
    """How often in the loan's life relief may be given for it."""
    days_past_due_min: Annotated[int, Field(ge=0)] = 0
    """How late the loan must be at least."""
    days_past_due_max: Annotated[int, Field(ge=0)]
    """How late it may be at most."""
    holiday: Annotated[int, Field(ge=0, le=24)] = 0
    """So many due days may be left out at most."""
    extra_instalments: Annotated[int, Field(ge=0, le=120)] = 0
    """So many instalments may be added at most."""
    lowest_rate: Rate | None = None
    """The lowest nominal rate that may be given."""
    rate_share: Rate | None = None
    """The lowest share of the rate agreed that may be given; with `lowest_rate`, the higher of the two holds."""
    capitalise: bool = False
    """Whether arrears may become principal."""
    waive: tuple[Due, ...] = ()
    """What of the overdue may be let go."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.days_past_due_min > self.days_past_due_max:
            raise ValueError("days_past_due_min must not be above days_past_due_max")
        if self.rate_share is not None and self.rate_share > 1:
            raise ValueError("rate_share is a share: at most 1")
        if Due.PRINCIPAL in self.waive:
            raise ValueError("relief does not let go of principal")
        if not (self.holiday or self.extra_instalments or self.capitalise or self.waive or self.lowers_rate):
            raise ValueError("gives nothing")
        return self

    @property
    def lowers_rate(self) -> bool:
        """Whether the rate may be lowered."""
        return self.lowest_rate is not None or self.rate_share is not None

    def floor(self, agreed: Decimal) -> Decimal | None:
        """The lowest rate for a loan of this rate; None: the rate may not be lowered."""
        bounds = [] if self.lowest_rate is None else [self.lowest_rate]
        if self.rate_share is not None:
            bounds.append((agreed * self.rate_share).quantize(Decimal("0.000001")))
        return min(max(bounds), agreed) if bounds else None


class ReliefPolicy(Model):
    """All circumstances, by their codes."""

    version: Annotated[int, Field(ge=1)]
    circumstances: Annotated[dict[Circumstance, CircumstanceRules], Field(min_length=1)]


def refusals(loan: Loan, circumstance: str, plan: Relief, today: date, policy: ReliefPolicy) -> list[FieldError]:
    """Everything that keeps the plan from being given on this day; nothing: it may be."""
    rules = policy.circumstances.get(circumstance)
    if rules is None:
        return [unknown_circumstance(circumstance, policy)]
    return [*_of_the_loan(loan, circumstance, rules, today), *_of_the_plan(loan, plan, today, rules)]


def plans(loan: Loan, circumstance: str, today: date, policy: ReliefPolicy) -> tuple[Relief, ...]:
    """What may be given on this day: each measure alone, in sizes that people ask for, then all of them together."""
    rules = policy.circumstances.get(circumstance)
    if rules is None:
        return ()
    overdue = any(row.due_date < today and row.outstanding for row in loan.instalments)
    waive = rules.waive if overdue else ()
    arrears = Arrears.CAPITALISE if rules.capitalise and overdue else Arrears.KEEP
    found = [Relief(holiday=size) for size in _sizes(rules.holiday)]
    found += [Relief(extra_instalments=size) for size in _sizes(rules.extra_instalments)]
    floor = rules.floor(loan.contract.annual_rate)
    rate = floor if floor is not None and floor < loan.annual_rate else None
    if rate is not None:
        found.append(Relief(annual_rate=rate))
    if arrears is Arrears.CAPITALISE:
        found.append(Relief(arrears=arrears))
    if waive:
        found.append(Relief(waive=waive))
    found.append(
        Relief(
            extra_instalments=rules.extra_instalments,
            holiday=rules.holiday,
            annual_rate=rate,
            arrears=arrears,
            waive=waive,
        )
    )
    unique = tuple(dict.fromkeys(found))
    return tuple(plan for plan in unique if not refusals(loan, circumstance, plan, today, policy))


def given(loan: Loan, circumstance: str) -> int:
    """How often relief was given for it and not taken back."""
    held = (each for each in loan.entries if each.kind is Kind.RELIEF and each.undone_on is None)
    return sum(each.channel == circumstance for each in held)


def unknown_circumstance(circumstance: str, policy: ReliefPolicy) -> FieldError:
    """The policy does not know it."""
    known = ", ".join(policy.circumstances)
    return FieldError(
        "circumstance", "unknown_circumstance", f"The relief policy has no {circumstance!r}.", f"Send one of: {known}."
    )


def _of_the_loan(loan: Loan, circumstance: str, rules: CircumstanceRules, today: date) -> Iterator[FieldError]:
    if loan.status is not Status.ACTIVE:
        yield FieldError(
            "loan_id",
            "not_active",
            f"The loan is {loan.status.value}.",
            "Relief changes loans that are paid out, owed and not given up; of others, waive or refund amounts.",
        )
        return
    if loan.undrawn:
        yield FieldError(
            "loan_id",
            "not_all_paid_out",
            f"{loan.undrawn} of the principal is not paid out yet.",
            "Wait for the last tranche, or cancel those to come.",
        )
    if (times := given(loan, circumstance)) >= rules.times:
        yield FieldError(
            "circumstance",
            "relief_used_up",
            f"Relief for {rules.name.en.lower()} was given {times} times, the most in a loan's life.",
            "Ask for another circumstance, or take an earlier relief back first.",
        )
    late = days_past_due(loan, today)
    if late < rules.days_past_due_min:
        yield FieldError(
            "circumstance",
            "not_late_enough",
            f"The loan is {late} days past due; this relief is for {rules.days_past_due_min} and more.",
            "Ask again when it is, or for another circumstance.",
        )
    if late > rules.days_past_due_max:
        yield FieldError(
            "circumstance",
            "too_late",
            f"The loan is {late} days past due; this relief is for {rules.days_past_due_max} at most.",
            "Have some of the arrears paid first.",
        )


def _of_the_plan(loan: Loan, plan: Relief, today: date, rules: CircumstanceRules) -> Iterator[FieldError]:
    if plan == Relief():
        yield FieldError("plan", "nothing_given", "The plan gives nothing.", "Name at least one measure.")
        return
    for field, most in (("holiday", rules.holiday), ("extra_instalments", rules.extra_instalments)):
        if (asked := getattr(plan, field)) > most:
            yield FieldError(f"plan.{field}", "over_the_most", f"{asked} is over {most}.", f"Send at most {most}.")
    yield from _of_the_rate(loan, plan, rules)
    if plan.arrears is Arrears.CAPITALISE and not rules.capitalise:
        yield FieldError("plan.arrears", "not_capitalised", "Arrears may not become principal here.", "Keep them.")
    if refused := [part.value for part in plan.waive if part not in rules.waive]:
        allowed = ", ".join(rules.waive) or "nothing"
        yield FieldError(
            "plan.waive", "not_waived", f"{', '.join(refused)} is not let go here.", f"Let go of: {allowed}."
        )
    coming = sum(row.due_date > today for row in loan.instalments)
    if not coming and (plan.holiday or plan.annual_rate is not None) and plan.arrears is Arrears.KEEP:
        yield FieldError(
            "plan",
            "nothing_to_come",
            "Every instalment is due already.",
            "Let arrears become principal (arrears: capitalise) with extra_instalments, or waive some of them.",
        )


def _of_the_rate(loan: Loan, plan: Relief, rules: CircumstanceRules) -> Iterator[FieldError]:
    if plan.annual_rate is None:
        return
    floor = rules.floor(loan.contract.annual_rate)
    if floor is None:
        yield FieldError("plan.annual_rate", "rate_stays", "The rate is not lowered here.", "Leave annual_rate out.")
    elif plan.annual_rate < floor:
        yield FieldError(
            "plan.annual_rate", "rate_too_low", f"{plan.annual_rate} is below {floor}.", f"Send {floor} or more."
        )
    elif plan.annual_rate >= loan.annual_rate:
        yield FieldError(
            "plan.annual_rate",
            "rate_not_lower",
            f"The loan's rate is {loan.annual_rate:f}.",
            f"Send a lower rate, down to {floor}, or leave annual_rate out.",
        )


def _sizes(most: int) -> Sequence[int]:
    return sorted({size for size in _SIZES if size < most} | ({most} if most else set()))
