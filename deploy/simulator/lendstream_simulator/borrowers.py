"""The borrowers: pay their loans by habit, through a channel that now and then reports a payment twice."""

from collections import Counter
from datetime import UTC, date, datetime
from uuid import UUID

from lendstream.envelope import Envelope, Record, encode
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayClosed
from lendstream.events.loan import LoanCancelled, LoanClosed, LoanDisbursed, LoanOpened, PaymentApplied
from lendstream.events.payment import PaymentReceived
from lendstream_simulator.habits import AFTERTHOUGHT, Account, Payment, payment_id, payments_on, script
from lendstream_simulator.seeded import draw, identifier

SOURCE = "channel/transfer"
CHANNEL = "bank-transfer"
STRAYS = 0.08
"""The share of days with a payment for a loan that nobody knows."""


class Borrowers:
    """Reads lending.loan.v1 and the business days, pays on lending.payment.v1 once a day has been closed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._day: date | None = None
        self._accounts: dict[UUID, Account] = {}
        self._causes: dict[UUID, Envelope[Event]] = {}
        self._sent: dict[UUID, dict[str, date]] = {}
        self._touched: set[UUID] = set()
        self.payments: Counter[str] = Counter()
        """Payments made, by the habit behind them."""

    def see(self, record: Record, envelope: Envelope[Event] | None) -> None:
        """Fold loans, own payments and days."""
        if envelope is None:
            return
        match envelope.data:
            case LoanOpened() as opened if opened.loan_id not in self._accounts:
                self._open(opened, envelope)
            case PaymentReceived() as received:
                self._note(received)
            case BusinessDayClosed(day=day) if self._day is None or day > self._day:
                self._day = day
                self._touched.update(self._accounts)
            case LoanDisbursed() | PaymentApplied() | LoanClosed() | LoanCancelled() as event:
                self._fold(event)

    def due(self) -> list[Record]:
        """The payments of the day that has been closed last, which have not been made yet."""
        if self._day is None:
            return []
        records = self._stray(self._day)
        for loan_id in sorted(self._touched):
            account = self._accounts[loan_id]
            for payment in list(payments_on(self._day, account)):
                records += self._pay(account, payment, self._day)
        self._touched.clear()
        return records

    def _open(self, opened: LoanOpened, envelope: Envelope[Event]) -> None:
        sent = self._sent.setdefault(opened.loan_id, {})
        self._accounts[opened.loan_id] = Account(opened, script(self._seed, opened.loan_id), sent=sent)
        self._causes[opened.loan_id] = envelope

    def _note(self, received: PaymentReceived) -> None:
        self._sent.setdefault(received.loan_id, {})[received.payment_id] = received.value_date

    def _fold(self, event: LoanDisbursed | PaymentApplied | LoanClosed | LoanCancelled) -> None:
        if (account := self._accounts.get(event.loan_id)) is None:
            return
        match event:
            case LoanDisbursed():
                account.disbursed = True
            case PaymentApplied():
                account.apply(event)
            case _:
                account.ended = True
        self._touched.add(event.loan_id)

    def _pay(self, account: Account, payment: Payment, day: date) -> list[Record]:
        account.sent[payment.payment_id] = day
        self.payments[account.script.habit] += 1
        received = PaymentReceived(
            payment_id=payment.payment_id,
            loan_id=account.opened.loan_id,
            amount=payment.amount,
            currency=account.opened.currency,
            value_date=day,
            channel=CHANNEL,
        )
        cause = self._causes[account.opened.loan_id]
        return [_record(received, copy, cause) for copy in range(payment.copies)]

    def _stray(self, day: date) -> list[Record]:
        rng = draw(self._seed, "stray", day)
        loan_id = identifier("stray", self._seed, day)
        payment = payment_id(loan_id, 1, "stray")
        sent = self._sent.setdefault(loan_id, {})
        if rng.random() >= STRAYS or payment in sent:
            return []
        sent[payment] = day
        self.payments[AFTERTHOUGHT] += 1
        amount = rng.randrange(10_000, 200_000)
        received = PaymentReceived(
            payment_id=payment, loan_id=loan_id, amount=amount, currency="CNY", value_date=day, channel=CHANNEL
        )
        return [_record(received, 0, None)]


def _record(received: PaymentReceived, copy: int, cause: Envelope[Event] | None) -> Record:
    event_id = identifier("received", received.payment_id, copy)
    return encode(
        received,
        id=str(event_id),
        source=SOURCE,
        time=datetime.now(UTC),
        correlation_id=cause.correlation_id if cause else None,
        causation_id=cause.id if cause else None,
        traceparent=cause.traceparent if cause else f"00-{event_id.hex}-{event_id.hex[:16]}-01",
    )
