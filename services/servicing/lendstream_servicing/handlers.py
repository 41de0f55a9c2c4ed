"""Which event is answered by which rule."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from lendstream.events.application import OfferAccepted
from lendstream.events.decision import ApplicationDecided, Outcome
from lendstream.events.loan import LoanOpened
from lendstream.events.payment import (
    DisbursementConfirmed,
    DisbursementFailed,
    PaymentFailed,
    PaymentReceived,
    PaymentReversed,
    RefundConfirmed,
    RefundFailed,
)
from lendstream.runtime.decider import Context, Decision, Route, Store
from lendstream.runtime.story import Story
from lendstream_servicing.domain import opening, payments, payout
from lendstream_servicing.domain.ageing import age
from lendstream_servicing.domain.loan import Account, Answer, Loan, Policy, loan_id_of, replace
from lendstream_servicing.domain.posting import news, posted

Rule = Callable[[Account | None, Any, date, Policy], Answer]


def routes(store: Store[Account], policy: Policy) -> tuple[Route, ...]:
    """The table of servicing: every event finds the account of its loan."""
    by = answering(policy)
    return (
        Route(OfferAccepted, store, lambda event, _: loan_id_of(event.application_id), by(opening.accept)),
        Route(ApplicationDecided, store, lambda event, _: _approved(event), by(opening.approve)),
        Route(DisbursementConfirmed, store, loan_of, by(payout.confirm)),
        Route(DisbursementFailed, store, loan_of, by(payout.fail)),
        Route(PaymentReceived, store, loan_of, by(payments.receive)),
        Route(PaymentFailed, store, loan_of, by(payments.fail)),
        Route(PaymentReversed, store, loan_of, by(payments.reverse)),
        Route(RefundConfirmed, store, loan_of, by(payments.refund_paid)),
        Route(RefundFailed, store, loan_of, by(payments.refund_failed)),
    )


def answering(policy: Policy) -> Callable[[Rule], Callable[[Account | None, Any, Context], Decision[Account]]]:
    """Makes a rule one that the runtime calls."""

    def by(rule: Rule) -> Callable[[Account | None, Any, Context], Decision[Account]]:
        def handle(account: Account | None, event: Any, context: Context) -> Decision[Account]:
            return concluded(account, rule(account, event, context.business_date, policy), context, policy)

        return handle

    return by


def loan_of(event: Any, _: Context) -> UUID:
    """The account of the loan that an event or a command names."""
    loan_id: UUID = event.loan_id
    return loan_id


def ageing(policy: Policy) -> Callable[[Loan, date, Context], Decision[Account]]:
    """What a business day does to a loan that is due for it."""
    return lambda loan, day, context: concluded(loan, age(loan, day, policy), context, policy)


def concluded(before: Account | None, answer: Answer, context: Context, policy: Policy) -> Decision[Account]:
    """A rule's answer with its journals, told in the loan's own story.

    The bank's records of payouts and payments do not know the story; a loan keeps that of what opened it.
    """
    account, events = answer
    if account is before:
        return Decision(account)
    account = posted(before, account, events, context.business_date, policy)
    told = (*events, *news(before, account))
    if not isinstance(account, Loan):
        return Decision(account, told)
    if account.contract.correlation_id is None and any(isinstance(event, LoanOpened) for event in events):
        story, trace = context.correlation_id, context.traceparent
        account = replace(account, contract=replace(account.contract, correlation_id=story, traceparent=trace))
    return Decision(account, told, Story(account.contract.correlation_id, None, account.contract.traceparent))


def _approved(event: ApplicationDecided) -> UUID | None:
    return loan_id_of(event.application_id) if event.outcome is Outcome.APPROVED else None
