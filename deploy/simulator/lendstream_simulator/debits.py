"""The bank's direct debits (代扣): every order is answered once, by what is on the borrower's account that day."""

from datetime import date, timedelta
from enum import StrEnum

from lendstream.envelope import Envelope, Record
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayStarted
from lendstream.events.loan import PaymentRequested
from lendstream.events.payment import FailureReason, PaymentFailed, PaymentReceived
from lendstream_simulator.orders import Order, Orders
from lendstream_simulator.records import channel_record
from lendstream_simulator.scripts import Habit, Means, script
from lendstream_simulator.seeded import draw, identifier

SOURCE = "channel/direct-debit"
CHANNEL = "direct-debit"


class Conduct(StrEnum):
    """How the bank treats a debit order, whatever is on the account."""

    PROMPT = "prompt"
    REPEATS = "repeats"
    """Tells of the money twice, in two records of one payment."""
    NEXT_DAY = "next day"
    """Answers on the next business day."""
    TECHNICAL = "technical"
    """Cannot ask; the next order goes through."""
    LIMIT = "limit"
    """The account's limit of the day is used up; the next order goes through."""


SHARES = {
    Conduct.PROMPT: 0.84,
    Conduct.REPEATS: 0.05,
    Conduct.NEXT_DAY: 0.06,
    Conduct.TECHNICAL: 0.03,
    Conduct.LIMIT: 0.02,
}
CLOSED_ACCOUNTS = 0.3
"""The share of accounts that are closed, of borrowers who never pay."""


def conduct(seed: int, order: PaymentRequested) -> Conduct:
    """How the bank treats this order; only a first attempt fails for the bank's own reasons."""
    chosen = draw(seed, "debit", order.request_id).choices(list(SHARES), list(SHARES.values()))[0]
    return Conduct.PROMPT if order.attempt > 1 and chosen in (Conduct.TECHNICAL, Conduct.LIMIT) else chosen


def failure(seed: int, order: PaymentRequested, day: date) -> FailureReason | None:
    """Why the order brings nothing on a day, if it does not."""
    borrower = script(seed, order.loan_id)
    if borrower.means is Means.TRANSFER:
        return FailureReason.NOT_AUTHORISED
    match conduct(seed, order):
        case Conduct.TECHNICAL:
            return FailureReason.TECHNICAL
        case Conduct.LIMIT:
            return FailureReason.LIMIT_EXCEEDED
    if borrower.habit is Habit.NEVER and draw(seed, "account", order.loan_id).random() < CLOSED_ACCOUNTS:
        return FailureReason.ACCOUNT_CLOSED
    if borrower.habit is Habit.NEVER or day < order.due_date + timedelta(days=borrower.funds_after):
        return FailureReason.INSUFFICIENT_FUNDS
    return None


class DirectDebits:
    """Reads debit orders on lending.loan.v1 and the business day, answers on lending.payment.v1."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._orders = Orders[PaymentRequested]()

    def see(self, record: Record, envelope: Envelope[Event] | None) -> None:
        """Fold orders, own answers and days."""
        if envelope is None:
            return
        match envelope.data:
            case PaymentRequested() as asked:
                later = conduct(self._seed, asked) is Conduct.NEXT_DAY
                on = asked.collect_on + timedelta(days=later)
                self._orders.take(Order(asked.request_id, asked, on, envelope))
            case PaymentReceived(request_id=id) | PaymentFailed(request_id=id) if id is not None:
                self._orders.answered(id)
            case BusinessDayStarted(day=day):
                self._orders.begin(day)

    def due(self) -> list[Record]:
        """The answers to orders whose day has come."""
        return [record for order, day in self._orders.ready() for record in self._answer(order, day)]

    def _answer(self, order: Order[PaymentRequested], day: date) -> list[Record]:
        asked = order.event
        if reason := failure(self._seed, asked, day):
            failed = PaymentFailed(
                request_id=asked.request_id,
                loan_id=asked.loan_id,
                reason=reason,
                detail=reason.value.replace("_", " "),
                failed_on=day,
            )
            return [_record(failed, order, "failed")]
        received = PaymentReceived(
            payment_id=f"dd_{identifier('debit', asked.request_id).hex}",
            loan_id=asked.loan_id,
            amount=asked.amount,
            currency=asked.currency,
            value_date=day,
            channel=CHANNEL,
            request_id=asked.request_id,
        )
        copies = 2 if conduct(self._seed, asked) is Conduct.REPEATS else 1
        return [_record(received, order, "received", copy) for copy in range(copies)]


def _record(event: Event, order: Order[PaymentRequested], *cause: object) -> Record:
    return channel_record(event, identifier("debit", order.id, *cause), SOURCE, order.envelope)
