"""Every event finds the account of its loan."""

from datetime import timedelta
from typing import Any

import pytest

from lendstream.events.base import Event
from lendstream.events.decision import Outcome
from lendstream.runtime.decider import Context
from lendstream_servicing.domain.loan import Account, Awaiting, Loan
from lendstream_servicing.handlers import ageing, routes
from lendstream_servicing.store import AccountStore
from unit.servicing import loans

TABLE = {route.on: route for route in routes(AccountStore(), loans.POLICY)}
CONTEXT = Context(now=loans.SUBMITTED, business_date=loans.TODAY, event_id="1", event_time=loans.SUBMITTED)


def handled(account: Account | None, event: Event) -> Any:
    return TABLE[type(event)].handle(account, event, CONTEXT).state


@pytest.mark.parametrize(
    "event",
    [loans.acceptance(), loans.approval(), loans.payment(1), loans.confirmation(), loans.failure()],
    ids=lambda event: type(event).__name__,
)
def test_all_events_of_a_loan_share_its_account(event: Event) -> None:
    assert TABLE[type(event)].key(event, CONTEXT) == loans.LOAN


def test_a_declined_application_concerns_no_account() -> None:
    declined = loans.approval(outcome=Outcome.DECLINED)
    assert TABLE[type(declined)].key(declined, CONTEXT) is None


def test_the_table_leads_to_the_rules() -> None:
    account = handled(None, loans.payment(5_000))
    assert isinstance(account, Awaiting)
    account = handled(handled(account, loans.acceptance()), loans.approval())
    account = handled(account, loans.failure())
    loan = handled(account, loans.confirmation(attempt=2))
    assert isinstance(loan, Loan)
    assert loan.entries[0].applied_on == loans.TODAY
    assert loan.next_action_on == loan.instalments[0].due_date
    aged = ageing(loans.POLICY)(loan, loan.next_action_on + timedelta(days=1), CONTEXT)
    assert [type(event).__name__ for event in aged.events] == ["InstalmentOverdue", "DelinquencyChanged"]
