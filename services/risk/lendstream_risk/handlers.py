"""Event type -> the rule that answers it. An event type that is not here does not concern risk."""

from collections.abc import Callable, Mapping
from typing import Any

from lendstream.events.application import ApplicationExpired, ApplicationReady, ApplicationWithdrawn
from lendstream.events.base import Event
from lendstream.events.decision import ApplicationDecided
from lendstream.events.loan import DelinquencyChanged, LoanCancelled, LoanClosed, LoanOpened, PaymentApplied
from lendstream_risk.domain.customer import Customer
from lendstream_risk.domain.decide import decide
from lendstream_risk.domain.fold import (
    apply_payment,
    cancel_loan,
    change_delinquency,
    close_loan,
    open_loan,
    release,
)
from lendstream_risk.domain.rulebook import Rulebook

Handled = tuple[Customer, ApplicationDecided | None]
Handler = Callable[[Customer, Any, Rulebook], Handled]


def _fold(rule: Callable[[Customer, Any], Customer]) -> Handler:
    return lambda customer, event, _: (rule(customer, event), None)


HANDLERS: Mapping[type[Event], Handler] = {
    ApplicationReady: decide,
    ApplicationWithdrawn: _fold(release),
    ApplicationExpired: _fold(release),
    LoanOpened: _fold(open_loan),
    LoanCancelled: _fold(cancel_loan),
    LoanClosed: _fold(close_loan),
    PaymentApplied: _fold(apply_payment),
    DelinquencyChanged: _fold(change_delinquency),
}
