"""Where a payment goes: properties over generated schedules and amounts."""

from datetime import date, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from lendstream.catalogue import Due
from lendstream_servicing.domain.allocation import allocate
from lendstream_servicing.domain.loan import Instalment

START = date(2026, 1, 31)
DEFAULT = (Due.FEE, Due.PENALTY, Due.INTEREST, Due.PRINCIPAL)
PARTS = ("fee", "penalty", "interest", "principal")
amounts = st.integers(0, 100_000)
orders = st.sampled_from(list(permutations(Due)))


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Instalment, ...]:
    rows = draw(st.lists(st.tuples(amounts, amounts, amounts, amounts), min_size=1, max_size=12))
    return tuple(
        Instalment(number, START + timedelta(days=30 * number), principal, interest, fee, penalty)
        for number, (principal, interest, fee, penalty) in enumerate(rows, 1)
    )


def owed(instalments: tuple[Instalment, ...]) -> int:
    return sum(each.outstanding for each in instalments)


@given(schedules(), st.integers(1, 6_000_000), orders)
def test_parts_and_rest_sum_to_the_amount(
    schedule: tuple[Instalment, ...], amount: int, order: tuple[Due, ...]
) -> None:
    after, parts, left = allocate(schedule, amount, order, START)
    assert sum(getattr(part, name) for part in parts for name in PARTS) + left == amount
    assert owed(schedule) - owed(after) == amount - left


@given(schedules(), st.integers(1, 6_000_000), orders)
def test_nothing_is_paid_that_is_not_owed(
    schedule: tuple[Instalment, ...], amount: int, order: tuple[Due, ...]
) -> None:
    after, parts, left = allocate(schedule, amount, order, START)
    for each in after:
        for name in PARTS:
            assert 0 <= getattr(each, f"{name}_paid") <= getattr(each, name)
    assert left == 0 or owed(after) == 0
    assert all(any(getattr(part, name) for name in PARTS) for part in parts)


@given(schedules(), st.integers(1, 6_000_000), orders)
def test_the_oldest_instalment_is_settled_before_the_next_is_touched(
    schedule: tuple[Instalment, ...], amount: int, order: tuple[Due, ...]
) -> None:
    after, parts, _ = allocate(schedule, amount, order, START)
    numbers = [part.instalment for part in parts]
    assert numbers == sorted(numbers)
    assert all(part.settled for part in parts[:-1])
    touched = [each for each, before in zip(after, schedule, strict=True) if each is not before]
    for each in after:
        if touched and each.number < touched[-1].number:
            assert each.outstanding == 0
    for part in parts:
        instalment = after[part.instalment - 1]
        assert part.settled == (instalment.outstanding == 0) == (instalment.settled_on == START)


@given(schedules(), st.integers(1, 6_000_000), orders)
def test_within_an_instalment_a_part_is_paid_when_all_before_it_are(
    schedule: tuple[Instalment, ...], amount: int, order: tuple[Due, ...]
) -> None:
    after, parts, _ = allocate(schedule, amount, order, START)
    for part in parts:
        instalment = after[part.instalment - 1]
        rest = [getattr(instalment, due.value) - getattr(instalment, f"{due.value}_paid") for due in order]
        open_at = next((place for place, left in enumerate(rest) if left), len(rest))
        assert all(getattr(part, due.value) == 0 for due in order[open_at + 1 :])


@given(schedules(), st.lists(st.integers(1, 400_000), min_size=1, max_size=20), orders)
def test_however_a_sum_is_split_the_same_is_paid(
    schedule: tuple[Instalment, ...], payments: list[int], order: tuple[Due, ...]
) -> None:
    once, _, left_once = allocate(schedule, sum(payments), order, START)
    step, left_split = schedule, 0
    for amount in payments:
        step, _, left = allocate(step, amount, order, START)
        left_split += left
    assert step == once
    assert left_split == left_once


def test_fee_then_penalty_then_interest_then_principal() -> None:
    schedule = (Instalment(1, START, principal=1000, interest=100, fee=20, penalty=3),)
    after, (part,), left = allocate(schedule, 123, DEFAULT, START)
    assert (part.fee, part.penalty, part.interest, part.principal, part.settled) == (20, 3, 100, 0, False)
    assert (after[0].outstanding, left) == (1000, 0)


def test_an_untouched_instalment_stays_the_same_object() -> None:
    schedule = (Instalment(1, START, 10, 0, 0), Instalment(2, START, 10, 0, 0))
    after, _, _ = allocate(schedule, 5, DEFAULT, START)
    assert after[1] is schedule[1]
