"""The books of a run: what there was, and what must be equal."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from lendstream.events.application import ApplicationReceived, ApplicationWithdrawn
from lendstream.events.decision import ApplicationDecided
from lendstream.events.ledger import JournalPosted
from lendstream.events.loan import DisbursementRequested, LoanCancelled, LoanDisbursed, PaymentUndone, RefundPaid
from lendstream.events.notification import NotificationSent
from lendstream.events.payment import DisbursementFailed, RefundConfirmed
from lendstream.topics import Topic
from lendstream_simulator.chart import BANK, PRINCIPAL
from lendstream_simulator.checks.ledger import movements
from lendstream_simulator.checks.payments import allocated, takable
from lendstream_simulator.facts import Facts
from lendstream_simulator.findings import Deliveries
from lendstream_simulator.lives import lives
from lendstream_simulator.money import cash


@dataclass(frozen=True, slots=True)
class Balance:
    """Two figures that must be equal."""

    name: str
    left: int
    right: int
    money: bool = False
    """Whether they are amounts, in minor units."""

    @property
    def even(self) -> bool:
        """Whether they are."""
        return self.left == self.right


def counts(facts: Facts, deliveries: Deliveries) -> Mapping[str, int]:
    """Distinct events by topic and type, as `application OfferAccepted`, and what else there was."""
    found = Counter(f"{_short(each.topic)} {each.type}" for each in facts.every)
    found["unreadable on intake"] = len(facts.answers.unreadable)
    found["unreadable elsewhere"] = len(facts.unreadable)
    found["redelivered"] = sum(facts.redelivered.values())
    found["deliveries"] = len(deliveries or ())
    found.update(f"dead letters of {each.service}" for each in facts.dead_letters)
    return dict(found)


def _short(topic: Topic) -> str:
    return topic.family.removeprefix("lending.").removesuffix(".v1")


def balances(facts: Facts, deliveries: Deliveries) -> tuple[Balance, ...]:
    """The books of the whole run."""
    return (
        _applications(facts),
        _payouts(facts),
        _payments(facts),
        *_refunds(facts),
        *_ledger(facts),
        *_messages(facts, deliveries),
    )


def _applications(facts: Facts) -> Balance:
    """Of what came over the partners' topics; HTTP submissions leave no record there."""
    answers = facts.answers
    contents = sum(len(each.contents) for each in answers.submissions.values())
    rejected = contents - sum(len(answers.unrejected(case)) for case in list(answers.submissions))
    rejected += sum(each in answers.rejections for each in answers.unreadable)
    by_id = {
        each.application_id
        for each in facts.data(ApplicationReceived)
        if (each.partner, each.reference) in answers.submissions
    }
    decided = {each.application_id for each in facts.data(ApplicationDecided)} & by_id
    withdrawn = {each.application_id for each in facts.data(ApplicationWithdrawn)} & by_id - decided
    return Balance(
        "applications in = decisions + rejections + withdrawn before a decision",
        contents + len(answers.unreadable),
        len(decided) + rejected + len(withdrawn),
    )


def _payouts(facts: Facts) -> Balance:
    """Orders that failed, were cancelled with their loan or are for a later day ask for nothing any more or yet."""
    failed = {each.disbursement_id for each in facts.data(DisbursementFailed)}
    cancelled = {each.loan_id for each in facts.data(LoanCancelled)}
    orders = {
        each.disbursement_id: each.amount
        for each in facts.data(DisbursementRequested)
        if each.disbursement_id not in failed
        and each.loan_id not in cancelled
        and (facts.last_day is None or each.pay_on <= facts.last_day)
    }
    out = sum(each.amount for each in facts.data(LoanDisbursed))
    return Balance("money out = money asked for", out, sum(orders.values()), money=True)


def _payments(facts: Facts) -> Balance:
    """As each payment counts now; those undone are as if they had never come."""
    held = [each for life in lives(facts).values() for each in life.payments.values()]
    undone = {each.payment_id for each in facts.data(PaymentUndone)}
    used = sum(allocated(each.allocations) + each.fee + each.credit for each in held)
    came = sum(each.amount for each in takable(facts).values() if each.payment_id not in undone)
    return Balance("allocations + fees + credit = payments", used, came, money=True)


def _refunds(facts: Facts) -> tuple[Balance, ...]:
    confirmed = {each.refund_id: each.amount for each in facts.data(RefundConfirmed)}
    paid = sum(each.amount for each in facts.data(RefundPaid))
    if not confirmed and not paid:
        return ()
    return (Balance("refunds booked = refunds carried out", paid, sum(confirmed.values()), money=True),)


def _ledger(facts: Facts) -> tuple[Balance, ...]:
    """Over all currencies; the findings tell them apart."""
    posted = facts.data(JournalPosted)
    if not posted:
        return ()
    lines = [line.amount for each in posted for line in each.lines]
    debited, credited = (sum(max(0, sign * each) for each in lines) for sign in (1, -1))
    bank, loans = (sum(movements(facts, account).values()) for account in (BANK, PRINCIPAL))
    owed = sum(life.booked for life in lives(facts).values())
    return (
        Balance("debits = credits", debited, credited, money=True),
        Balance("bank account = payments - payouts - refunds", bank, sum(cash(facts).values()), money=True),
        Balance("loans account = principal by the loans' events", loans, owed, money=True),
    )


def _messages(facts: Facts, deliveries: Deliveries) -> tuple[Balance, ...]:
    sent = [each.message_key for each in facts.data(NotificationSent)]
    said = Balance("messages sent = message keys", len(sent), len(set(sent)))
    if deliveries is None:
        return (said,)
    return said, Balance("deliveries = message keys delivered", len(deliveries), len({each.key for each in deliveries}))
