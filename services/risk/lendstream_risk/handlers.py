"""Event type -> the rule that answers it. An event type that is not here does not concern risk."""

from collections.abc import Callable, Mapping
from typing import Any

from lendstream.events.application import ApplicationExpired, ApplicationReady, ApplicationWithdrawn
from lendstream.events.base import Event
from lendstream.events.loan import (
    AmountWaived,
    DelinquencyChanged,
    DisbursementRequested,
    HardshipRequested,
    InstalmentOverdue,
    LateFeeCharged,
    LateFeeReversed,
    LoanCancelled,
    LoanChargedOff,
    LoanClosed,
    LoanDisbursed,
    LoanOpened,
    LoanReopened,
    LoanRescheduled,
    PaymentApplied,
    PaymentReallocated,
    PaymentRequested,
    PaymentUndone,
    RefundPaid,
    RefundRequested,
    WaiverUndone,
)
from lendstream_risk.domain import fold
from lendstream_risk.domain.customer import Customer
from lendstream_risk.domain.decide import decide
from lendstream_risk.domain.rulebook import Rulebook

Handled = tuple[Customer, tuple[Event, ...]]
"""The state after the event, and what is published because of it."""
Handler = Callable[[Customer, Any, Rulebook], Handled]


def _fold(rule: Callable[[Customer, Any], Customer]) -> Handler:
    return lambda customer, event, _: (rule(customer, event), ())


def _decide(customer: Customer, event: ApplicationReady, rulebook: Rulebook) -> Handled:
    customer, decided = decide(customer, event, rulebook)
    return customer, (decided,)


HANDLERS: Mapping[type[Event], Handler] = {
    ApplicationReady: _decide,
    ApplicationWithdrawn: _fold(fold.release),
    ApplicationExpired: _fold(fold.release),
    LoanOpened: _fold(fold.open_loan),
    LoanDisbursed: _fold(fold.disburse),
    PaymentApplied: _fold(fold.set_principal),
    PaymentUndone: _fold(fold.set_principal),
    AmountWaived: _fold(fold.set_principal),
    LoanRescheduled: _fold(fold.reschedule),
    DelinquencyChanged: _fold(fold.change_delinquency),
    LoanChargedOff: _fold(fold.charge_off),
    LoanClosed: _fold(fold.close_loan),
    LoanCancelled: _fold(fold.cancel_loan),
    LoanReopened: _fold(fold.reopen_loan),
    **dict.fromkeys(
        (
            DisbursementRequested,
            HardshipRequested,
            InstalmentOverdue,
            LateFeeCharged,
            LateFeeReversed,
            PaymentReallocated,
            PaymentRequested,
            RefundPaid,
            RefundRequested,
            WaiverUndone,
        ),
        _fold(fold.note),
    ),
}
