"""The bank: carries out payout orders, each once, and reports on them; now and then badly.

What it answers follows from the order's id and the seed alone, so a bank that starts again gives the same answers.
The first payout, tranches and draws are orders like each other.
"""

from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from lendstream.envelope import Envelope, Record
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayStarted
from lendstream.events.loan import DisbursementRequested, LoanCancelled
from lendstream.events.payment import DisbursementConfirmed, DisbursementFailed
from lendstream_simulator.orders import Order, Orders
from lendstream_simulator.records import channel_record
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
    """How the bank treats this order: a second one never fails, and an account that got the first payout is open."""
    chosen = draw(seed, "payout", order.disbursement_id).choices(list(SHARES), list(SHARES.values()))[0]
    failing = (Conduct.FAILS, Conduct.REFUSES) if order.attempt > 1 else (Conduct.REFUSES,) if order.part else ()
    return Conduct.PROMPT if chosen in failing else chosen


class Bank:
    """Reads orders on lending.loan.v1 and the business day, answers on lending.payment.v1."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._orders = Orders[DisbursementRequested]()

    def see(self, record: Record, envelope: Envelope[Event] | None) -> None:
        """Fold orders, own answers and days."""
        if envelope is None:
            return
        match envelope.data:
            case DisbursementRequested() as asked:
                later = conduct(self._seed, asked) is Conduct.NEXT_DAY
                on = asked.pay_on + timedelta(days=later)
                self._orders.take(Order(asked.disbursement_id, asked, on, envelope))
            case DisbursementConfirmed(disbursement_id=id) | DisbursementFailed(disbursement_id=id):
                self._orders.answered(id)
            case LoanCancelled(loan_id=loan_id):
                self._orders.forget(lambda order: order.loan_id == loan_id)
            case BusinessDayStarted(day=day):
                self._orders.begin(day)

    def due(self) -> list[Record]:
        """The answers to orders whose day has come."""
        return [record for order, day in self._orders.ready() for record in self._answer(order, day)]

    def holds(self, loan_id: UUID) -> bool:
        """Whether an order for the loan waits for a later business day."""
        return self._orders.holds(lambda order: order.loan_id == loan_id)

    def _answer(self, order: Order[DisbursementRequested], day: date) -> list[Record]:
        asked = order.event
        how = conduct(self._seed, asked)
        if how in (Conduct.FAILS, Conduct.REFUSES):
            again = how is Conduct.FAILS
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
        copies = 2 if how is Conduct.REPEATS else 1
        return [_record(confirmed, order, "confirmed", copy) for copy in range(copies)]


def _record(event: Event, order: Order[DisbursementRequested], *cause: object) -> Record:
    return channel_record(event, identifier("bank", order.id, *cause), SOURCE, order.envelope)
