"""The platform's side of the topics, by a simple script: enough of a story for the outside world to live in.

Its rules are not the services' (they have tests of their own); its events are facts as the services would publish
them. Ids follow from their causes, and a record seen again is answered with nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from lendstream.amortization import Terms, disclose, generate
from lendstream.catalogue import UnknownProductError, load
from lendstream.envelope import Envelope, Record, encode
from lendstream.events import application, decision, intake, loan
from lendstream.events.application import ApplicantFacts, ApplicationReady, ApplicationReceived
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayClosed, BusinessDayStarted
from lendstream.events.decision import ApplicationDecided, CustomerPosition, Outcome, Segment
from lendstream.events.intake import ApplicationStatus, ApplicationStatusChanged, OfferMade, StatusReason
from lendstream.events.ledger import JournalKind, JournalPosted
from lendstream.events.notification import Channel, NotificationSent, NotificationSkipped, SkipReason
from lendstream.events.payment import (
    DisbursementConfirmed,
    DisbursementFailed,
    PaymentReceived,
    PaymentReversed,
    RefundConfirmed,
)
from lendstream_simulator.actor import opened
from lendstream_simulator.answers import intake_partner
from unit.simulator.scripted_loans import BANK, SUSPENSE, Book, ScriptedLoan, ident

RATE = Decimal("0.18")

OK = StatusReason(code="OK", zh="符合条件", en="Meets the conditions")
TOO_MUCH = StatusReason(code="AFFORDABILITY", zh="还款压力过大", en="The instalments are too large for the income")


def _always(_: date) -> bool:
    """Every day is a working day."""
    return True


@dataclass
class Case:
    """An application and its loan."""

    asked: ApplicationReady
    content: bytes
    submitted: intake.ApplicationSubmitted
    status: ApplicationStatus = ApplicationStatus.RECEIVED
    offer: OfferMade | None = None
    loan_id: UUID | None = None
    customer_id: UUID = field(default_factory=lambda: UUID(int=0))
    lent: ScriptedLoan | None = None
    attempt: int = 1
    spared: set[int] = field(default_factory=set)
    """Instalments that need no reminder any more."""


class Scripted:
    """Give `answer` each record in turn; it returns the records to publish because of it."""

    def __init__(self) -> None:
        self.today = date(2026, 3, 1)
        self.cases: dict[UUID, Case] = {}
        self.loans: dict[UUID, Case] = {}
        self.delivered: list[tuple[str, Channel]] = []
        """Messages handed to providers."""
        self.suspended: set[str] = set()
        """Payments for loans that nobody knows."""
        self._seen: set[tuple[str, str]] = set()
        self._source: Envelope[Event] | None = None
        self._record: Record | None = None

    def answer(self, record: Record) -> list[Record]:
        """What the services publish because of a record."""
        envelope = opened(record)
        partner = intake_partner(record.topic)
        key = record.topic, record.header("ce_id") or record.place
        if key in self._seen:
            return []
        self._seen.add(key)
        self._source, self._record = envelope, record
        if envelope is None:
            return [self._reject(record, partner, "unreadable")] if partner else []
        rules: dict[type[Event], Callable[..., Iterable[Record]]] = {
            intake.ApplicationSubmitted: self._submitted,
            intake.OfferAccepted: self._accepted,
            intake.ApplicationWithdrawn: self._withdrawn,
            DisbursementConfirmed: self._confirmed,
            DisbursementFailed: self._failed,
            PaymentReceived: self._paid,
            PaymentReversed: self._reversed,
            RefundConfirmed: self._refunded,
            BusinessDayStarted: self._started,
        }
        rule = rules.get(type(envelope.data))
        return list(rule(envelope.data, partner)) if rule else []

    # intake

    def _submitted(self, event: intake.ApplicationSubmitted, partner: str) -> Iterable[Record]:
        assert self._record is not None
        case_id = ident(partner, event.reference)
        if known := self.cases.get(case_id):
            if known.content != self._record.value:
                yield self._reject(self._record, partner, "reference_reused")
            else:
                yield self._status(known)
            return
        if fault := self._fault(event):
            yield self._reject(self._record, partner, fault)
            return
        person = ident("customer", event.identity.identity_number)
        facts = ApplicantFacts(age=40, finances=event.finances, bureau=event.bureau)
        common = {
            name: getattr(event, name) for name in ("product", "amount", "currency", "instalments", "submitted_at")
        }
        ready = ApplicationReady(
            application_id=case_id,
            customer_id=person,
            partner=partner,
            applicant=facts,
            business_date=self.today,
            **common,
        )
        case = self.cases[case_id] = Case(ready, self._record.value or b"", event, customer_id=person)
        received = ApplicationReceived(
            application_id=case_id, customer_id=person, partner=partner, reference=event.reference, **common
        )
        yield self._tell(received, case_id, "received")
        yield self._tell(ready, case_id, "ready")
        yield self._status(case)
        yield from self._decide(case)

    def _fault(self, event: intake.ApplicationSubmitted) -> str:
        try:
            product = load().product(event.product)
        except UnknownProductError:
            return "unknown_product"
        if event.currency != product.currency:
            return "currency_not_offered"
        if event.instalments not in product.tenors or product.amount.offerable(event.amount) != event.amount:
            return "terms_not_offered"
        if event.disburse_on is not None and event.disburse_on < self.today:
            return "date_in_past"
        return "" if event.consents.data_processing else "consent_missing"

    def _decide(self, case: Case) -> Iterable[Record]:
        asked, case_id = case.asked, case.asked.application_id
        affordable = asked.amount // asked.instalments * 4 <= asked.applicant.finances.monthly_income
        outcome = Outcome.APPROVED if affordable else Outcome.DECLINED
        terms = decision.Terms(
            product=asked.product, product_version=1, amount=asked.amount, currency=asked.currency,
            instalments=asked.instalments, annual_rate=RATE, limit=asked.amount,
        )  # fmt: skip
        decided = ApplicationDecided(
            application_id=case_id, customer_id=case.customer_id, decision_id=ident("decision", case_id),
            outcome=outcome, reasons=(OK if affordable else TOO_MUCH,), terms=terms if affordable else None,
            segment=Segment.NEW_PRIME,
            policy_version=1, asked=asked, as_of=self.today, submitted_at=asked.submitted_at,
            position=CustomerPosition(open_loans=0, exposure=0, instalments_due=0, loans_repaid=0,
                                      worst_days_past_due=0),
        )  # fmt: skip
        yield self._tell(decided, case_id, "decided")
        if affordable:
            case.offer = self._offer(case)
            case.status = ApplicationStatus.OFFERED
            yield self._tell(case.offer, case_id, "offer")
        else:
            case.status = ApplicationStatus.DECLINED
        yield self._status(case)

    def _offer(self, case: Case) -> OfferMade:
        asked = case.asked
        product = load().product(asked.product)
        schedule = generate(self._terms(case, self.today), _always)
        fee = product.upfront_fee(asked.amount)
        cost = disclose(schedule, fee)
        rows = tuple(
            intake.OfferInstalment(
                number=each.number, due_date=each.due_date, principal=each.principal, interest=each.interest,
                fee=each.fee, total=each.total,
            )
            for each in schedule.instalments
        )  # fmt: skip
        return OfferMade(
            partner=asked.partner, reference=case.submitted.reference, application_id=asked.application_id,
            offer_id=ident("offer", asked.application_id), product=asked.product, amount=asked.amount,
            currency=asked.currency, annual_rate=RATE, method=product.method.value, instalments=rows,
            total_interest=cost.total_interest, upfront_fee=fee, total_fees=cost.total_fees,
            total_to_repay=schedule.total, apr=cost.apr, valid_until=self.today + timedelta(product.offer_valid_days),
        )  # fmt: skip

    def _accepted(self, event: intake.OfferAccepted, partner: str) -> Iterable[Record]:
        assert self._record is not None
        case_id = ident(partner, event.reference)
        case = self.cases.get(case_id)
        if case is None or case.offer is None or event.offer_id != case.offer.offer_id:
            yield self._reject(self._record, partner, "unknown_offer")
            return
        if case.status is not ApplicationStatus.OFFERED:
            yield self._status(case)
            return
        case.status = ApplicationStatus.ACCEPTED
        offer, pay_on = case.offer, max(case.submitted.disburse_on or self.today, self.today)
        accepted = application.OfferAccepted(
            application_id=case_id, customer_id=case.customer_id, offer_id=offer.offer_id, partner=partner,
            reference=event.reference, product=offer.product, amount=offer.amount, currency=offer.currency,
            instalments=len(offer.instalments), annual_rate=RATE, payout_account=case.submitted.payout_account,
            accepted_on=self.today, disburse_on=pay_on, submitted_at=case.asked.submitted_at,
        )  # fmt: skip
        yield self._tell(accepted, case_id, "accepted")
        yield self._status(case)
        yield from self._open(case, offer, pay_on)

    def _withdrawn(self, event: intake.ApplicationWithdrawn, partner: str) -> Iterable[Record]:
        assert self._record is not None
        case_id = ident(partner, event.reference)
        case = self.cases.get(case_id)
        if case is None or case.status not in (ApplicationStatus.RECEIVED, ApplicationStatus.OFFERED):
            yield self._reject(self._record, partner, "nothing_to_withdraw")
            return
        case.status = ApplicationStatus.WITHDRAWN
        told = application.ApplicationWithdrawn(
            application_id=case_id, customer_id=case.customer_id, reason=event.reason
        )
        yield self._tell(told, case_id, "withdrawn")
        yield self._status(case)

    # servicing

    def _terms(self, case: Case, on: date) -> Terms:
        """Of the customer's options only the income: an income-based product cannot do without."""
        product, options = load().product(case.asked.product), case.submitted.options
        income = options.income if options else None
        return product.terms(case.asked.amount, case.asked.instalments, RATE, on, income=income)

    def _open(self, case: Case, offer: OfferMade, pay_on: date) -> Iterable[Record]:
        schedule = generate(self._terms(case, pay_on), _always)
        case.loan_id = ident("loan", case.asked.application_id)
        self.loans[case.loan_id] = case
        rows = tuple(
            loan.ScheduledInstalment(
                number=each.number,
                due_date=each.due_date,
                principal=each.principal,
                interest=each.interest,
                fee=each.fee,
            )
            for each in schedule.instalments
        )
        opening = loan.LoanOpened(
            loan_id=case.loan_id, customer_id=case.customer_id, sequence=1,
            application_id=case.asked.application_id, partner=offer.partner, reference=offer.reference,
            product=offer.product, product_version=1, method=offer.method, principal=offer.amount,
            currency=offer.currency, annual_rate=RATE, upfront_fee=offer.upfront_fee, instalments=rows,
            engine=schedule.engine, opened_on=self.today, interest_from=pay_on, submitted_at=case.asked.submitted_at,
        )  # fmt: skip
        case.lent = ScriptedLoan(opening, case.submitted.payout_account)
        yield self._tell(opening, case.loan_id, 1)
        yield from self._told(case, [self._request(case, pay_on)])
        case.status = ApplicationStatus.LOAN_OPENED
        yield self._status(case)
        key = f"{case.loan_id}/first-loan"
        self.delivered.append((key, Channel.MAIL))
        sent = NotificationSent(
            message_key=key, customer_id=case.customer_id, loan_id=case.loan_id, kind="education_first_loan",
            channel=Channel.MAIL, language=case.submitted.language, sent_at=datetime.now(UTC),
        )  # fmt: skip
        yield self._tell(sent, key)

    def _request(self, case: Case, pay_on: date) -> Event:
        assert case.offer is not None
        assert case.lent is not None
        order = ident("payout", case.loan_id, case.attempt)
        return case.lent.order(order, case.offer.amount - case.offer.upfront_fee, pay_on, case.attempt)

    def _confirmed(self, event: DisbursementConfirmed, _: object) -> Iterable[Record]:
        case = self.loans[event.loan_id]
        assert case.lent is not None
        told = case.lent.disburse(event.disbursement_id, event.amount, event.value_date, event.bank_reference)
        yield from self._told(case, told)

    def _failed(self, event: DisbursementFailed, _: object) -> Iterable[Record]:
        case = self.loans[event.loan_id]
        assert case.lent is not None
        if event.retryable:
            case.attempt += 1
            yield from self._told(case, [self._request(case, self.today)])
        else:
            yield from self._told(case, [case.lent.cancel(event.reason, self.today)])

    def _paid(self, event: PaymentReceived, _: object) -> Iterable[Record]:
        case = self.loans.get(event.loan_id)
        if case is None or case.lent is None:
            if event.payment_id not in self.suspended:
                self.suspended.add(event.payment_id)
                book = Book(str(event.loan_id))
                lines = {BANK: event.amount, SUSPENSE: -event.amount}
                for journal in book.post(JournalKind.SUSPENSE, event.currency, event.value_date, lines):
                    yield self._tell(journal, "suspense", event.payment_id)
            return
        told = list(case.lent.pay(event))
        yield from self._told(case, told)
        for part in (part for each in told if isinstance(each, loan.PaymentApplied) for part in each.allocations):
            if part.settled and part.instalment not in case.spared:
                case.spared.add(part.instalment)
                key = f"{case.loan_id}/{part.instalment}/due-3"
                skipped = NotificationSkipped(
                    message_key=key, customer_id=case.customer_id, loan_id=case.loan_id, kind="reminder_before_due",
                    instalment=part.instalment, reason=SkipReason.PAID,
                )  # fmt: skip
                yield self._tell(skipped, key)

    def _reversed(self, event: PaymentReversed, _: object) -> Iterable[Record]:
        case = self.loans[event.loan_id]
        assert case.lent is not None
        yield from self._told(case, case.lent.reverse(event))

    def _refunded(self, event: RefundConfirmed, _: object) -> Iterable[Record]:
        case = self.loans[event.loan_id]
        assert case.lent is not None
        yield from self._told(case, case.lent.refund(event))

    def _started(self, event: BusinessDayStarted, _: object) -> Iterable[Record]:
        self.today = max(self.today, event.day)
        for case in self.cases.values():
            if case.offer and case.status is ApplicationStatus.OFFERED and case.offer.valid_until < event.day:
                case.status = ApplicationStatus.EXPIRED
                case_id = case.asked.application_id
                expired = application.ApplicationExpired(
                    application_id=case_id, customer_id=case.customer_id, expired_on=event.day
                )
                yield self._tell(expired, case_id, "expired")
                yield self._status(case)
            if case.lent is not None:
                yield from self._told(case, case.lent.begin(event.day))
        yield self._tell(
            BusinessDayClosed(
                lender=event.lender, day=event.day, currency="CNY", open_loans=len(self.loans),
                principal_outstanding=0, overdue_loans=0, overdue_amount=0,
            ),
            "closed", event.day,
        )  # fmt: skip

    def _told(self, case: Case, events: Iterable[Event]) -> Iterable[Record]:
        for event in events:
            place = event.number if isinstance(event, JournalPosted) else getattr(event, "sequence", 0)
            yield self._tell(event, case.loan_id, place)

    # records

    def _status(self, case: Case) -> Record:
        event = ApplicationStatusChanged(
            partner=case.asked.partner, reference=case.submitted.reference, application_id=case.asked.application_id,
            status=case.status, loan_id=case.loan_id,
        )  # fmt: skip
        return self._tell(event, case.asked.application_id, "status", case.status, self._cause())

    def _reject(self, record: Record, partner: str | None, code: str) -> Record:
        rejected = intake.SubmissionRejected(
            partner=partner or "", reference="", rejected_type=record.header("ce_type") or "",
            rejected_id=record.header("ce_id") or record.place,
            reasons=(intake.Rejection(field="", code=code, message=code, fix="Mend it."),),
        )  # fmt: skip
        return self._tell(rejected, "rejected", record.place)

    def _cause(self) -> str:
        return self._source.id if self._source else "none"

    def _tell(self, event: Event, *about: object) -> Record:
        return encode(
            event,
            id=str(ident(type(event).__name__, *about)),
            source="lendstream/scripted",
            time=datetime.now(UTC),
            correlation_id=self._source.correlation_id if self._source else None,
            causation_id=self._source.id if self._source else None,
            traceparent=self._source.traceparent if self._source else None,
        )
