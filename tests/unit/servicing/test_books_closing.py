"""The close brings every account to what the loans make it, and does nothing twice."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lendstream.events.ledger import JournalKind
from lendstream.events.loan import Bucket
from lendstream_servicing.domain.books import Drafts
from lendstream_servicing.domain.chart import Role
from lendstream_servicing.domain.closing import TRUED_UP, Position, true_up
from lendstream_servicing.ledger import provision_policy
from unit.servicing.ledgers import DAY

POLICY = provision_policy()


def position(**fields: Any) -> Position:
    return Position("cash-small", "CNY", **fields)


def told(drafts: Drafts) -> dict[str, dict[str, int]]:
    return {draft.kind: {role.value: amount for role, amount in draft.lines} for draft in drafts}


def test_interest_fees_subsidies_and_provision_are_posted_as_differences() -> None:
    drafts = true_up(
        position(
            interest=1_000,
            fee=50,
            unearned=700,
            principal={Bucket.CURRENT: 100_000, Bucket.M4: 500},
            balances={
                Role.INTEREST_RECEIVABLE: 900,
                Role.FEE_RECEIVABLE: 60,
                Role.UNEARNED_INTEREST: -1_000,
                Role.LOAN_LOSS_ALLOWANCE: -1_600,
            },
        ),
        POLICY,
        DAY,
    )
    assert told(drafts) == {
        "accrual": {"interest_receivable": 100, "interest_income": -100, "fee_receivable": -10, "fee_income": 10},
        "subsidy": {"unearned_interest": 300, "interest_income": -300},
        "provision": {"provision_expense": -100, "loan_loss_allowance": 100},
    }
    assert {draft.reference for draft in drafts} == {"day 2026-03-02"}


def test_what_a_charge_off_took_from_the_allowance_is_set_aside_again() -> None:
    """M4+ was provided for in full; its interest was not: the loss is an expense of the day."""
    after = position(principal={}, balances={Role.LOAN_LOSS_ALLOWANCE: 600})
    (draft,) = true_up(after, POLICY, DAY)
    assert draft.kind is JournalKind.PROVISION
    assert dict(draft.lines) == {Role.PROVISION_EXPENSE: 600, Role.LOAN_LOSS_ALLOWANCE: -600}


def test_a_product_without_loans_or_balances_posts_nothing() -> None:
    assert true_up(position(), POLICY, DAY) == ()


_AMOUNT = st.integers(-(10**13), 10**13)


@given(
    interest=_AMOUNT,
    fee=_AMOUNT,
    unearned=st.integers(0, 10**13),
    principal=st.dictionaries(st.sampled_from(Bucket), st.integers(0, 10**14)),
    balances=st.dictionaries(st.sampled_from(TRUED_UP), _AMOUNT),
)
def test_after_the_close_every_account_is_right(balances: dict[Role, int], **fields: Any) -> None:
    before = position(balances=balances, **fields)
    after = dict(balances)
    for draft in true_up(before, POLICY, DAY):
        assert sum(amount for _, amount in draft.lines) == 0
        for role, amount in draft.lines:
            after[role] = after.get(role, 0) + amount
    assert {role: after.get(role, 0) for role in TRUED_UP} == before.targets(POLICY)
    closed = position(balances={role: after.get(role, 0) for role in TRUED_UP}, **fields)
    assert true_up(closed, POLICY, DAY) == ()
