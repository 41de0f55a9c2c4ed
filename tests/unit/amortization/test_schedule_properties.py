"""What holds for every schedule, whatever the terms."""

import itertools
import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, reject, settings
from hypothesis import strategies as st

from lendstream.amortization import (
    Conventions,
    Method,
    Schedule,
    Terms,
    TermsError,
    disclose,
    generate,
    provenance,
    terms_of,
)
from unit.amortization.generated_terms import CONVENTIONS, terms, works_on_weekdays

DECLINING = (Method.EQUAL_PRINCIPAL, Method.EQUAL_INSTALMENT, Method.STEPS)


def made(loan: Terms) -> Schedule:
    """The schedule, or another example where the terms allow none."""
    try:
        return generate(loan, works_on_weekdays)
    except TermsError:
        reject()


@settings(deadline=None, max_examples=1500)
@given(terms())
def test_every_schedule_adds_up(loan: Terms) -> None:
    schedule = made(loan)
    rows = schedule.instalments
    drawn = [(tranche.on, tranche.amount) for tranche in loan.options.tranches]
    assert sum(row.principal for row in rows) == loan.principal
    assert rows[-1].balance_after == 0
    assert all(row.balance_after >= 0 for row in rows)
    assert all(part >= 0 for row in rows for part in (row.principal, row.interest, row.fee, row.subsidy))
    assert [row.number for row in rows if row.number] == list(range(1, len(rows) + 1 - (rows[0].number == 0)))
    assert all(earlier.due_date <= later.due_date for earlier, later in itertools.pairwise(rows))
    owed = schedule.opening_balance
    assert (
        owed + sum(amount for _, amount in drawn) + (rows[0].principal if not rows[0].number else 0) == loan.principal
    )
    assert sum(row.interest for row in rows) == schedule.total_interest
    assert sum(row.total for row in rows) == schedule.total
    assert schedule.total == loan.principal + schedule.total_interest + schedule.total_instalment_fees
    borne = Counter[str]({payer: sum(parts) for payer, parts in schedule.subsidies.items()})
    assert borne.total() == schedule.total_subsidy


@settings(deadline=None, max_examples=300)
@given(terms())
def test_the_disclosure_is_the_schedules(loan: Terms) -> None:
    schedule = made(loan)
    cost = disclose(schedule)
    assert cost.total_to_repay == cost.principal + cost.total_interest + cost.total_fees
    assert cost.total_to_repay == schedule.total
    assert cost.total_fees == sum(fee.amount for fee in cost.fees)
    assert (cost.apr > 0) == (schedule.total_interest + schedule.total_instalment_fees > 0) or cost.apr < Decimal(
        "1e-5"
    )


@settings(deadline=None, max_examples=300)
@given(terms(methods=DECLINING), st.sampled_from(["0.06", "0.18", "0.36"]))
def test_interest_falls_with_the_balance(loan: Terms, rate: str) -> None:
    """Where every period is the same share of a year and nothing changes, interest never rises."""
    frequency = loan.conventions.frequency
    plain = Conventions(frequency=frequency, rounding=loan.conventions.rounding)
    options = replace(
        loan.options,
        first_due=None,
        due_day=None,
        interest_grace=0,
        interest_free=0,
        tranches=(),
        rate_changes=(),
        subsidies=(),
        down_payment=Decimal(0),
    )
    rows = made(replace(loan, annual_rate=Decimal(rate), conventions=plain, options=options)).instalments
    assert all(earlier.interest >= later.interest for earlier, later in itertools.pairwise(rows))


@settings(deadline=None, max_examples=60)
@given(terms(methods=(Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.FLAT)), CONVENTIONS)
def test_shifting_the_disbursement_day_by_day_never_breaks(loan: Terms, conventions: Conventions) -> None:
    options = replace(loan.options, first_due=None, due_day=None, tranches=(), rate_changes=(), down_payment=Decimal(0))
    plain = replace(loan, conventions=replace(conventions, multiple=1), options=options)
    made(plain)
    for days in range(1, 60):
        shifted = generate(replace(plain, disbursed_on=plain.disbursed_on + timedelta(days)), works_on_weekdays)
        assert sum(row.principal for row in shifted.instalments) == plain.principal
        assert shifted.instalments[-1].balance_after == 0
        assert len(shifted.instalments) == plain.instalments


@settings(deadline=None, max_examples=200)
@given(terms(methods=(Method.EQUAL_INSTALMENT,)))
def test_instalments_are_level_but_for_rounding(loan: Terms) -> None:
    """With exact rates the last instalment differs by the rounding alone, whatever the day count."""
    options = replace(loan.options, tranches=(), rate_changes=(), fees=(), subsidies=(), interest_grace=0)
    conventions = replace(Conventions(), frequency=loan.conventions.frequency, day_count=loan.conventions.day_count)
    short = replace(loan, instalments=min(loan.instalments, 24), conventions=conventions)
    grace = min(options.principal_grace, short.instalments - 1)
    free = min(options.interest_free, short.instalments)
    options = replace(options, principal_grace=grace, interest_free=free)
    rows = [row for row in made(replace(short, options=options)).instalments if row.number > grace]
    growth = (1 + loan.annual_rate) ** 8
    assert len({row.total for row in rows[:-1]}) <= 1
    assert abs(rows[-1].total - rows[0].total) <= len(rows) * growth


@settings(deadline=None, max_examples=300)
@given(terms())
def test_terms_survive_as_json(loan: Terms) -> None:
    schedule = made(loan)
    record = json.loads(json.dumps(provenance(schedule)))
    again = terms_of(record)
    assert again == loan
    assert generate(again, works_on_weekdays) == schedule
