"""Whatever happens to a loan, what must hold of it holds."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lendstream_servicing.domain.life import concluded
from lendstream_servicing.domain.walk import Walk
from unit.servicing.audits import hold, where_it_stands
from unit.servicing.lives import INTENTS, RELIEFS, WAIVERS, Life, Step, begun, enough, happens, lives
from unit.servicing.teller import Teller

_DAYS = ("day", "jump")


@enough(120)
@given(lives())
def test_after_any_life_the_loan_is_what_its_entries_make_of_it(life: Life) -> None:
    """Derived, conserved, told and booked, after each step: see `audits`."""
    teller = begun(life)
    hold(teller)
    for step in life.steps:
        happens(teller, step)
        hold(teller)


@enough(40)
@given(lives())
def test_what_was_heard_before_changes_nothing(life: Life) -> None:
    teller = begun(life)
    for step in life.steps:
        happens(teller, step)
    loan = teller.loan
    for event in [*teller.heard]:
        assert teller.hears(event) == ()
        assert teller.account is loan


@enough(50)
@given(lives())
def test_missed_days_caught_up_are_days_walked(life: Life) -> None:
    """The same events, of the same days, and the same loan; and a day walked again tells nothing."""
    each_day, missed = begun(life), begun(life)
    for step in life.steps:
        if step.what in _DAYS:
            day = each_day.today + timedelta(days=1 + step.size % 70)
            each_day.lives_until(day)
            missed.wakes_on(day)
            assert missed.wakes_on(day) == ()
        else:
            happens(each_day, step)
            happens(missed, step)
        assert where_it_stands(missed.loan) == where_it_stands(each_day.loan)
    assert missed.told() == each_day.told()


_FACTS = st.lists(
    st.builds(
        Step,
        st.sampled_from(["pay", "pay", "pay", "relief", "waive"]),
        st.integers(0, 10**6),
        st.integers(1, 300),
        st.integers(0, 30),
    ),
    max_size=8,
    unique_by=lambda step: step.when,
)


def _hears(teller: Teller, life: Life, fact: Step) -> None:
    of = life.start + timedelta(days=fact.when)
    if fact.what == "pay":
        amount = 1 + fact.size * 7 % (teller.loan.contract.principal * 2 // 3)
        teller.receives(amount, f"pay_{fact.when}", of=of, intent=INTENTS[fact.which % len(INTENTS)])
    elif fact.what == "relief":
        teller.relieves(RELIEFS[fact.which % len(RELIEFS)], of=of, name=f"relief/{fact.when}")
    else:
        teller.waives(WAIVERS[fact.which % len(WAIVERS)], of=of, name=f"waiver/{fact.when}")


@enough(60)
@given(lives(0), _FACTS, st.randoms(use_true_random=False), st.sets(st.integers(0, 7)))
def test_the_order_of_arrival_does_not_matter(life: Life, facts: list[Step], random: Any, bounced: set[int]) -> None:
    """The same facts heard in any order, on any days from their value dates on, make the same loan of the same day.

    Exempt: what counts from one day counts in the order in which it came; a charge-off, since money that was heard of
    before it counts from its own day and money heard of after it does not; a tranche, which goes out only while the
    loan is not repaid; and refunds, which are asked for when a credit is seen.
    """
    life = life._replace(tranches=0, rules=(*life.rules, ("charge_off_days", 3650)))
    bounced = {number for number in bounced if number < len(facts) and facts[number].what == "pay"}
    last = life.start + timedelta(days=320)
    stands = []
    for attempt in range(2):
        teller = begun(life)
        order = list(range(len(facts)))
        if attempt:
            random.shuffle(order)
        else:
            order.sort(key=lambda number: facts[number].when)
        to_take_back: list[int] = []
        for number in order:
            day = max(teller.today, life.start + timedelta(days=facts[number].when))
            if attempt:
                day = min(day + timedelta(days=random.randint(0, 30)), last)
            teller.wakes_on(day)
            _hears(teller, life, facts[number])
            to_take_back += [number] if number in bounced else []
            if to_take_back and random.random() < 0.5:
                teller.takes_back(f"pay_{facts[to_take_back.pop()].when}")
        for number in to_take_back:
            teller.takes_back(f"pay_{facts[number].when}")
        teller.wakes_on(last)
        loan, _ = concluded(teller.loan, Walk(teller.loan, teller.policy), last, teller.policy)
        stands.append(where_it_stands(loan))
    assert stands[1] == stands[0]
