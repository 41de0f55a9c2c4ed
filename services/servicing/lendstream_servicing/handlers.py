"""Which event is answered by which rule."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from lendstream.events.application import OfferAccepted
from lendstream.events.decision import ApplicationDecided, Outcome
from lendstream.events.loan import LoanEvent, LoanOpened
from lendstream.events.payment import DisbursementConfirmed, DisbursementFailed, PaymentReceived
from lendstream.runtime.decider import Context, Decision, Route, Store
from lendstream.runtime.story import Story
from lendstream_servicing.domain import opening, payments, payout
from lendstream_servicing.domain.ageing import age
from lendstream_servicing.domain.loan import Account, Answer, Loan, Policy, loan_id_of

Rule = Callable[[Account | None, Any, date, Policy], Answer]


def routes(store: Store[Account], policy: Policy) -> tuple[Route, ...]:
    """The table of servicing: every event finds the account of its loan."""

    def by(rule: Rule) -> Callable[[Account | None, Any, Context], Decision[Account]]:
        return lambda account, event, context: _in_its_story(
            *rule(account, event, context.business_date, policy), context
        )

    return (
        Route(OfferAccepted, store, lambda event, _: loan_id_of(event.application_id), by(opening.accept)),
        Route(ApplicationDecided, store, lambda event, _: _approved(event), by(opening.approve)),
        Route(DisbursementConfirmed, store, lambda event, _: event.loan_id, by(payout.confirm)),
        Route(DisbursementFailed, store, lambda event, _: event.loan_id, by(payout.fail)),
        Route(PaymentReceived, store, lambda event, _: event.loan_id, by(payments.receive)),
    )


def ageing(policy: Policy) -> Callable[[Loan, date, Context], Decision[Account]]:
    """What a business day does to a loan that is due for it."""
    return lambda loan, day, context: _in_its_story(*age(loan, day, policy), context)


def _in_its_story(account: Account, events: Sequence[LoanEvent], context: Context) -> Decision[Account]:
    """A loan keeps the story of what opened it: the bank's records of payouts and payments do not know it."""
    if not isinstance(account, Loan):
        return Decision(account, events)
    if account.contract.correlation_id is None and any(isinstance(event, LoanOpened) for event in events):
        story, trace = context.correlation_id, context.traceparent
        account = replace(account, contract=replace(account.contract, correlation_id=story, traceparent=trace))
    return Decision(account, events, Story(account.contract.correlation_id, None, account.contract.traceparent))


def _approved(event: ApplicationDecided) -> UUID | None:
    return loan_id_of(event.application_id) if event.outcome is Outcome.APPROVED else None
