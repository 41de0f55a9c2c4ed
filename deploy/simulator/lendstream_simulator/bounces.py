"""Payments that bounce: the channel takes back, days later, money that it had reported received."""

from dataclasses import dataclass
from datetime import date, timedelta

from lendstream.envelope import Envelope, Record
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayStarted
from lendstream.events.loan import PaymentApplied
from lendstream.events.payment import PaymentReversed
from lendstream_simulator.records import channel_record
from lendstream_simulator.seeded import draw, identifier

SOURCE = "channel/bank"
SHARE = 0.03
"""The share of payments that bounce."""
TWICE = 0.2
"""The share of bounces that are told of twice."""
_REASONS = ("recalled by the payer's bank", "paid from a blocked account", "credited by mistake")


def bounces_after(seed: int, payment_id: str, share: float = SHARE) -> int | None:
    """Days from the value date to the bounce of a payment; None for one that stays."""
    rng = draw(seed, "bounce", payment_id)
    return rng.randrange(2, 7) if rng.random() < share else None


@dataclass(frozen=True, slots=True)
class _Bounce:
    payment: PaymentApplied
    on: date
    envelope: Envelope[Event]


class Bounces:
    """Reads payments applied on lending.loan.v1 and the business day, reverses some on lending.payment.v1.

    Only what a lender applied, who tells the channel with it: one that does not, knows no reversals.
    """

    def __init__(self, seed: int, share: float = SHARE) -> None:
        self._seed = seed
        self._share = share
        self._today: date | None = None
        self._coming: dict[str, _Bounce] = {}
        self._told: set[str] = set()

    def see(self, record: Record, envelope: Envelope[Event] | None) -> None:
        """Fold payments, own reversals and days."""
        if envelope is None:
            return
        match envelope.data:
            case PaymentApplied(payment_id=id, channel=channel) as payment if channel and id not in self._told:
                days = bounces_after(self._seed, id, self._share)
                if days is not None:
                    self._coming[id] = _Bounce(payment, payment.value_date + timedelta(days=days), envelope)
            case PaymentReversed(payment_id=id):
                self._told.add(id)
                self._coming.pop(id, None)
            case BusinessDayStarted(day=day):
                self._today = max(day, self._today or day)

    def due(self) -> list[Record]:
        """The bounces whose day has come."""
        today = self._today
        ready = [] if today is None else [each for each in self._coming.values() if each.on <= today]
        return [record for bounce in ready for record in self._reverse(bounce, max(bounce.on, today or bounce.on))]

    def _reverse(self, bounce: _Bounce, day: date) -> list[Record]:
        payment = bounce.payment
        self._told.add(payment.payment_id)
        del self._coming[payment.payment_id]
        rng = draw(self._seed, "bounced", payment.payment_id)
        reversed_ = PaymentReversed(
            payment_id=payment.payment_id, loan_id=payment.loan_id, reason=rng.choice(_REASONS), reversed_on=day
        )
        copies = 2 if rng.random() < TWICE else 1
        return [
            channel_record(reversed_, identifier("bounce", payment.payment_id, copy), SOURCE, bounce.envelope)
            for copy in range(copies)
        ]
