"""The bank: carries out payout orders, each once, and reports on them; now and then badly.

What it answers follows from the order's id and the seed alone, so a bank that starts again gives the same answers.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from lendstream.envelope import Envelope, Record, encode
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayStarted
from lendstream.events.loan import DisbursementRequested, LoanCancelled
from lendstream.events.payment import DisbursementConfirmed, DisbursementFailed
from lendstream_simulator.seeded import draw, identifier

SOURCE = "channel/bank"


class Conduct(StrEnum):
    """How the bank treats an order."""

    PROMPT = "prompt"
    REPEATS = "repeats"
    """Confirms it twice, in two records."""
    NEXT_DAY = "next day"
    """Confirms it on the next business day."""
    FAILS = "fails"
    """Cannot now; the next order for the loan is carried out."""
    REFUSES = "refuses"
    """Cannot ever: the account is closed."""


SHARES = {
    Conduct.PROMPT: 0.78,
    Conduct.REPEATS: 0.06,
    Conduct.NEXT_DAY: 0.08,
    Conduct.FAILS: 0.07,
    Conduct.REFUSES: 0.01,
}


def conduct(seed: int, order: DisbursementRequested) -> Conduct:
    """How the bank treats this order; a second order for a loan never fails."""
    chosen = draw(seed, "payout", order.disbursement_id).choices(list(SHARES), list(SHARES.values()))[0]
    return Conduct.PROMPT if order.attempt > 1 and chosen in (Conduct.FAILS, Conduct.REFUSES) else chosen


@dataclass(frozen=True, slots=True)
class _Order:
    envelope: Envelope[Event]
    event: DisbursementRequested
    conduct: Conduct

    @property
    def answer_on(self) -> date:
        return self.event.pay_on + timedelta(days=self.conduct is Conduct.NEXT_DAY)


class Bank:
    """Reads orders on lending.loan.v1 and the business day, answers on lending.payment.v1."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._day: date | None = None
        self._orders: dict[UUID, _Order] = {}
        self._answered: set[UUID] = set()

    def see(self, record: Record, envelope: Envelope[Event] | None) -> None:
        """Fold orders, own answers and days."""
        if envelope is None:
            return
        match envelope.data:
            case DisbursementRequested() as order if order.disbursement_id not in self._answered:
                self._orders[order.disbursement_id] = _Order(envelope, order, conduct(self._seed, order))
            case DisbursementConfirmed(disbursement_id=id) | DisbursementFailed(disbursement_id=id):
                self._answered.add(id)
                self._orders.pop(id, None)
            case LoanCancelled(loan_id=loan_id):
                for held in [held for held, order in self._orders.items() if order.event.loan_id == loan_id]:
                    del self._orders[held]
            case BusinessDayStarted(day=day):
                self._day = max(day, self._day or day)

    def due(self) -> list[Record]:
        """The answers to orders whose day has come."""
        ready = [order for order in self._orders.values() if self._day is None or order.answer_on <= self._day]
        for order in ready:
            self._answered.add(order.event.disbursement_id)
            del self._orders[order.event.disbursement_id]
        return [record for order in ready for record in self._answer(order)]

    def holds(self, loan_id: UUID) -> bool:
        """Whether an order for the loan waits for a later business day."""
        return any(order.event.loan_id == loan_id for order in self._orders.values())

    def _answer(self, order: _Order) -> list[Record]:
        day = max(order.answer_on, self._day or order.answer_on)
        asked = order.event
        if order.conduct in (Conduct.FAILS, Conduct.REFUSES):
            again = order.conduct is Conduct.FAILS
            failed = DisbursementFailed(
                disbursement_id=asked.disbursement_id,
                loan_id=asked.loan_id,
                reason="the receiving bank is not available" if again else "the account is closed",
                retryable=again,
                failed_on=day,
            )
            return [_record(failed, order, "failed")]
        confirmed = DisbursementConfirmed(
            disbursement_id=asked.disbursement_id,
            loan_id=asked.loan_id,
            amount=asked.amount,
            currency=asked.currency,
            value_date=day,
            bank_reference=f"BK{identifier('payout', asked.disbursement_id).hex[:16].upper()}",
        )
        copies = 2 if order.conduct is Conduct.REPEATS else 1
        return [_record(confirmed, order, "confirmed", copy) for copy in range(copies)]


def _record(event: Event, order: _Order, *cause: object) -> Record:
    return encode(
        event,
        id=str(identifier("bank", order.event.disbursement_id, *cause)),
        source=SOURCE,
        time=datetime.now(UTC),
        correlation_id=order.envelope.correlation_id,
        causation_id=order.envelope.id,
        traceparent=order.envelope.traceparent,
    )
