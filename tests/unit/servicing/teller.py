"""A teller plays days and events to one loan and keeps what was published, journals included.

Nothing but the service's own table of routes and its business day is called; the teller does what its runtime does.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid5

from lendstream.catalogue import Recipient
from lendstream.events.base import Event
from lendstream.events.intake import LoanOptions
from lendstream.events.ledger import JournalPosted
from lendstream.events.loan import LoanEvent
from lendstream.events.payment import (
    DisbursementConfirmed,
    DisbursementFailed,
    FailureReason,
    PaymentFailed,
    PaymentIntent,
    PaymentReceived,
    PaymentReversed,
    RefundConfirmed,
    RefundFailed,
)
from lendstream.runtime.decider import Context, Decision
from lendstream_servicing.domain.chart import Role
from lendstream_servicing.domain.life import carried_on
from lendstream_servicing.domain.loan import (
    Account,
    Answer,
    Entry,
    Kind,
    Loan,
    Payout,
    Policy,
    Status,
    disbursement_id_of,
    numbered,
)
from lendstream_servicing.domain.refunds import refund_id_of
from lendstream_servicing.domain.relief import Relief, Waiver
from lendstream_servicing.domain.tranches import ordered
from lendstream_servicing.handlers import ageing, concluded, routes
from lendstream_servicing.ledger import chart
from lendstream_servicing.store import AccountStore
from unit.servicing import loans

E = TypeVar("E", bound=Event)
_DAY = timedelta(days=1)
_ROLES = chart().roles


class Teller:
    """One loan, the day it is, and what was published about it."""

    def __init__(self, policy: Policy = loans.POLICY, today: date = loans.TODAY) -> None:
        self.policy = policy
        self.today = today
        self.account: Account | None = None
        self.published: list[Event] = []
        self.heard: list[Event] = []
        self._table = {route.on: route for route in routes(AccountStore(), policy)}
        self._ageing = ageing(policy)
        self._orders = 0

    @property
    def loan(self) -> Loan:
        """The loan, once it is open."""
        assert isinstance(self.account, Loan)
        return self.account

    # -- what comes in

    def hears(self, event: Event) -> tuple[Event, ...]:
        """Handle an event; what it makes the service publish."""
        told = self._keeps(self._table[type(event)].handle(self.account, event, self._context()))
        self.heard.append(event)
        return told

    def wakes_on(self, day: date) -> tuple[Event, ...]:
        """A business day starts; those between were missed."""
        self.today = day
        loan = self.account
        if not isinstance(loan, Loan) or loan.next_action_on is None or loan.next_action_on > day:
            return ()
        return self._keeps(self._ageing(loan, day, self._context()))

    def lives_until(self, day: date) -> tuple[Event, ...]:
        """Business days start one after the other until a day."""
        told: list[Event] = []
        while self.today < day:
            told += self.wakes_on(self.today + _DAY)
        return tuple(told)

    def does(self, rule: Callable[[Loan, date, Policy], Answer]) -> tuple[Event, ...]:
        """An operator's command."""
        return self._keeps(concluded(self.loan, rule(self.loan, self.today, self.policy), self._context(), self.policy))

    # -- in a teller's words

    def opens(
        self,
        product: str,
        amount: int,
        instalments: int,
        rate: str,
        *,
        options: LoanOptions | None = None,
        debit_account: str | None = None,
        limit: int = 0,
    ) -> tuple[Event, ...]:
        """The customer accepts what was decided."""
        known = self.policy.catalogue.product(product)
        if options is None and known.payout_to is Recipient.MERCHANT:
            options = LoanOptions(order_reference="ORDER-1")
        agreed: dict[str, Any] = {
            "product": product,
            "amount": amount,
            "instalments": instalments,
            "annual_rate": rate,
            "options": options,
        }
        accepted = loans.acceptance(debit_account=debit_account, **agreed)
        accepted = accepted.model_copy(update={"disburse_on": self.today, "accepted_on": self.today})
        return (*self.hears(loans.approval(limit=max(limit, amount), **agreed)), *self.hears(accepted))

    def is_paid_out(self, part: int = 0, on: date | None = None) -> tuple[Event, ...]:
        """The bank confirms a payout."""
        loan = self.loan
        payout = loan.payouts[part - 1] if part else None
        attempt, amount = (payout.attempt, payout.amount) if payout else (loan.attempt, loan.contract.payout)
        return self.hears(
            DisbursementConfirmed(
                disbursement_id=disbursement_id_of(loan.id, attempt, part),
                loan_id=loan.id,
                amount=amount,
                currency=loan.contract.currency,
                value_date=on or self.today,
                bank_reference=f"BANK-{part}",
            )
        )

    def is_not_paid_out(self, part: int, *, retryable: bool) -> tuple[Event, ...]:
        """The bank could not pay a tranche or a draw out."""
        payout = self.loan.payouts[part - 1]
        return self.hears(
            DisbursementFailed(
                disbursement_id=disbursement_id_of(self.loan.id, payout.attempt, part),
                loan_id=self.loan.id,
                reason="account frozen",
                retryable=retryable,
                failed_on=self.today,
            )
        )

    def receives(
        self,
        amount: int,
        payment_id: str,
        *,
        of: date | None = None,
        intent: PaymentIntent | None = None,
        request_id: UUID | None = None,
        currency: str | None = None,
    ) -> tuple[Event, ...]:
        """Money comes in, of today if no other value date is said."""
        return self.hears(
            PaymentReceived(
                payment_id=payment_id,
                loan_id=self.loan.id if self.account else loans.LOAN,
                amount=amount,
                currency=currency or (self.loan.contract.currency if isinstance(self.account, Loan) else "CNY"),
                value_date=of or self.today,
                channel="bank-transfer",
                request_id=request_id,
                intent=intent,
            )
        )

    def takes_back(self, payment_id: str, reason: str = "bounced") -> tuple[Event, ...]:
        """A payment is reversed."""
        assert self.account is not None
        event = PaymentReversed(payment_id=payment_id, loan_id=self.account.id, reason=reason, reversed_on=self.today)
        return self.hears(event)

    def fails_to_collect(self, reason: FailureReason = FailureReason.INSUFFICIENT_FUNDS) -> tuple[Event, ...]:
        """The debit order that waits brings nothing."""
        order = self.loan.debit.waits_for
        assert order is not None
        return self.hears(PaymentFailed(request_id=order, loan_id=self.loan.id, reason=reason, failed_on=self.today))

    def gives_back(self, on: date | None = None) -> tuple[Event, ...]:
        """The bank confirms the refund asked for."""
        loan = self.loan
        return self.hears(
            RefundConfirmed(
                refund_id=refund_id_of(loan.id, loan.refunds),
                loan_id=loan.id,
                amount=loan.refund,
                currency=loan.contract.currency,
                value_date=on or self.today,
                bank_reference="REFUND",
            )
        )

    def fails_to_give_back(self) -> tuple[Event, ...]:
        """The bank could not carry out the refund asked for."""
        refund = refund_id_of(self.loan.id, self.loan.refunds)
        return self.hears(
            RefundFailed(refund_id=refund, loan_id=self.loan.id, reason="account closed", failed_on=self.today)
        )

    def relieves(self, relief: Relief, *, of: date | None = None, name: str = "") -> tuple[Event, ...]:
        """An operator agrees to relief."""
        return self._enters(Kind.RELIEF, 0, "operations", relief.model_dump_json(), of, name)

    def waives(self, waiver: Waiver, *, of: date | None = None, name: str = "") -> tuple[Event, ...]:
        """An operator lets go of an amount."""
        return self._enters(Kind.WAIVER, waiver.up_to, "goodwill", waiver.model_dump_json(), of, name)

    def draws(self, amount: int, instalments: int) -> tuple[Event, ...]:
        """The customer draws on a credit line; the bank has not paid it yet."""

        def rule(loan: Loan, today: date, _: Policy) -> Answer:
            number = len(loan.payouts) + 1
            drawn, tell = ordered(loan, Payout(number, amount, today, Kind.DRAW, instalments, attempt=1))
            return numbered(drawn, [tell])

        return self.does(rule)

    # -- what came of it

    def journals(self) -> list[JournalPosted]:
        """The loan's book."""
        return [each for each in self.published if isinstance(each, JournalPosted)]

    def told(self) -> list[LoanEvent]:
        """The loan's events."""
        return [each for each in self.published if isinstance(each, LoanEvent)]

    def all_of(self, kind: type[E]) -> list[E]:
        """The events of a kind."""
        return [each for each in self.published if isinstance(each, kind)]

    def balances(self) -> dict[str, int]:
        """What the loan's book says, by account: debits less credits; accounts that say nothing left out."""
        sums: dict[str, int] = {}
        for journal in self.journals():
            for line in journal.lines:
                role = _ROLES[line.account].value
                sums[role] = sums.get(role, 0) + line.amount
        return {role: amount for role, amount in sums.items() if amount}

    def balance(self, role: Role) -> int:
        """What one account of the loan's book says."""
        return self.balances().get(role.value, 0)

    # --

    def _enters(
        self, kind: Kind, amount: int, channel: str, detail: str, of: date | None, name: str
    ) -> tuple[Event, ...]:
        self._orders += 1
        order = str(uuid5(self.loan.id, name or f"order/{self._orders}"))

        def rule(loan: Loan, today: date, policy: Policy) -> Answer:
            entry = Entry(order, kind, amount, loan.contract.currency, of or today, channel, today, detail=detail)
            return numbered(*carried_on(replace(loan, entries=(*loan.entries, entry)), today, policy))

        return self.does(rule)

    def _context(self) -> Context:
        now = datetime.combine(self.today, time(9), UTC)
        return Context(now=now, business_date=self.today, event_id=str(len(self.published)), event_time=now)

    def _keeps(self, decision: Decision[Account]) -> tuple[Event, ...]:
        account = decision.state
        if account is not None and account is not self.account:
            # as the store gives it back: what was told and posted lies in its tables
            account = replace(account, journals=())
            account = replace(account, news=()) if isinstance(account, Loan) else account
        self.account = account
        events = tuple(each for each in decision.events if isinstance(each, Event))
        self.published += events
        return events


def is_over(loan: Loan) -> bool:
    """Whether nothing is owed any more."""
    return loan.status in (Status.CLOSED, Status.CANCELLED)
