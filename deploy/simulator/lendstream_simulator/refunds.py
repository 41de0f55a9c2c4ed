"""The bank's refunds: gives credit balances back as it is asked to, each once; sometimes it says so twice, or later."""

from datetime import date, timedelta

from lendstream.envelope import Envelope, Record
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayStarted
from lendstream.events.loan import RefundRequested
from lendstream.events.payment import RefundConfirmed, RefundFailed
from lendstream_simulator.orders import Order, Orders
from lendstream_simulator.records import channel_record
from lendstream_simulator.seeded import draw, identifier

SOURCE = "channel/bank"
NEXT_DAY, TWICE = 0.2, 0.1
"""The shares of refunds that are carried out a day later, and told of twice."""


class Refunds:
    """Reads refund orders on lending.loan.v1 and the business day, answers on lending.payment.v1."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._orders = Orders[RefundRequested]()

    def see(self, record: Record, envelope: Envelope[Event] | None) -> None:
        """Fold orders, own answers and days."""
        if envelope is None:
            return
        match envelope.data:
            case RefundRequested() as asked:
                later = draw(self._seed, "refund", asked.refund_id).random() < NEXT_DAY
                on = asked.requested_on + timedelta(days=later)
                self._orders.take(Order(asked.refund_id, asked, on, envelope))
            case RefundConfirmed(refund_id=id) | RefundFailed(refund_id=id):
                self._orders.answered(id)
            case BusinessDayStarted(day=day):
                self._orders.begin(day)

    def due(self) -> list[Record]:
        """The answers to orders whose day has come."""
        return [record for order, day in self._orders.ready() for record in self._answer(order, day)]

    def _answer(self, order: Order[RefundRequested], day: date) -> list[Record]:
        confirmed = RefundConfirmed(
            refund_id=order.id,
            loan_id=order.event.loan_id,
            amount=order.event.amount,
            currency=order.event.currency,
            value_date=day,
            bank_reference=f"RF{identifier('refund', order.id).hex[:16].upper()}",
        )
        copies = 2 if draw(self._seed, "refund told", order.id).random() < TWICE else 1
        return [
            channel_record(confirmed, identifier("refund", order.id, "confirmed", copy), SOURCE, order.envelope)
            for copy in range(copies)
        ]
