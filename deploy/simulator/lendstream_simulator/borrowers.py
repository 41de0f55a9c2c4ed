"""The borrowers: pay their loans by habit, through a channel that now and then reports a payment twice."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from lendstream.envelope import Envelope, Record
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayClosed
from lendstream.events.loan import LoanEvent, LoanOpened
from lendstream.events.payment import PaymentFailed, PaymentReceived
from lendstream_simulator.accounts import Account
from lendstream_simulator.habits import (
    AFTERTHOUGHT,
    Payment,
    pay_off,
    payment_id,
    payments_on,
    wants_relief,
    wants_to_pay_off,
)
from lendstream_simulator.records import channel_record
from lendstream_simulator.scripts import script
from lendstream_simulator.seeded import draw, identifier

SOURCE = "channel/transfer"
CHANNEL = "bank-transfer"
STRAYS = 0.08
"""The share of days with a payment for a loan that nobody knows."""


class Errand(StrEnum):
    """What a borrower asks the lender for over HTTP."""

    PAY_OFF = "the pay-off amount"
    RELIEF = "relief"


@dataclass(frozen=True, slots=True)
class Wish:
    """An errand of a borrower on a day."""

    errand: Errand
    loan_id: UUID
    day: date


class Borrowers:
    """Reads lending.loan.v1 and the business days, pays on lending.payment.v1 once a day has been closed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._day: date | None = None
        self._accounts: dict[UUID, Account] = {}
        self._causes: dict[UUID, Envelope[Event]] = {}
        self._sent: dict[UUID, dict[str, date]] = {}
        self._earlier: dict[UUID, list[Event]] = {}
        """What came before the loan's opening was read: partitions are read in no common order."""
        self._touched: set[UUID] = set()
        self._wished: set[Wish] = set()
        self.payments: Counter[str] = Counter()
        """Payments made, by the habit behind them."""

    def see(self, record: Record, envelope: Envelope[Event] | None) -> None:
        """Fold loans, payments and days."""
        if envelope is None:
            return
        match envelope.data:
            case LoanOpened() as opened if opened.loan_id not in self._accounts:
                self._open(opened, envelope)
            case PaymentReceived() | PaymentFailed() as told:
                if isinstance(told, PaymentReceived):
                    self._sent.setdefault(told.loan_id, {})[told.payment_id] = told.value_date
                self._fold(told.loan_id, told)
            case LoanEvent() as event:
                self._fold(event.loan_id, event)
            case BusinessDayClosed(day=day) if self._day is None or day > self._day:
                self._day = day
                self._touched.update(self._accounts)

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

    def wishes(self) -> Iterator[Wish]:
        """What borrowers ask for on the day that has been closed last; each is named once a day."""
        day = self._day
        if day is None:
            return
        for loan_id, account in self._accounts.items():
            for errand, wanted in ((Errand.PAY_OFF, wants_to_pay_off), (Errand.RELIEF, wants_relief)):
                wish = Wish(errand, loan_id, day)
                if wish not in self._wished and wanted(day, account):
                    self._wished.add(wish)
                    yield wish

    def pay_off(self, wish: Wish, amount: int) -> list[Record]:
        """The payment of the amount that the lender named."""
        account = self._accounts[wish.loan_id]
        return self._pay(account, pay_off(account, amount), wish.day)

    def _open(self, opened: LoanOpened, envelope: Envelope[Event]) -> None:
        sent = self._sent.setdefault(opened.loan_id, {})
        account = Account(opened, script(self._seed, opened.loan_id), sent=sent)
        self._accounts[opened.loan_id] = account
        self._causes[opened.loan_id] = envelope
        for event in self._earlier.pop(opened.loan_id, ()):
            account.see(event)

    def _fold(self, loan_id: UUID, event: Event) -> None:
        if account := self._accounts.get(loan_id):
            account.see(event)
            self._touched.add(loan_id)
        else:
            self._earlier.setdefault(loan_id, []).append(event)

    def _pay(self, account: Account, payment: Payment, day: date) -> list[Record]:
        account.sent[payment.payment_id] = value_date = payment.value_date or day
        self.payments[account.script.habit] += 1
        received = PaymentReceived(
            payment_id=payment.payment_id,
            loan_id=account.opened.loan_id,
            amount=payment.amount,
            currency=payment.currency or account.opened.currency,
            value_date=value_date,
            channel=CHANNEL,
            intent=payment.intent,
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
    return channel_record(received, identifier("received", received.payment_id, copy), SOURCE, cause)
