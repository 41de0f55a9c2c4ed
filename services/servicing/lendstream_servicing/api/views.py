"""What the API shows beside `lendstream_servicing.views`. Amounts are minor units of the loan's currency."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from uuid import UUID

from lendstream_servicing.domain.loan import Instalment
from lendstream_servicing.domain.quotes import Course
from lendstream_servicing.domain.relief import Relief
from lendstream_servicing.domain.statement import Sort
from lendstream_servicing.views import HistoryEntry, InstalmentView, LoanSummary, View


class LoanList(View):
    """A page of a customer's loans, oldest first."""

    loans: list[LoanSummary]
    next_cursor: str | None


class ScheduleView(View):
    """A loan's instalments."""

    loan_id: UUID
    currency: str
    annual_rate: str
    """The nominal yearly rate now, as a decimal string."""
    instalments: list[InstalmentView]
    original: list[InstalmentView]
    """As they were agreed."""


class EventList(View):
    """A page of a loan's events, in order."""

    items: list[HistoryEntry]
    next_cursor: str | None


class TransactionView(View):
    """A line of a loan's account."""

    on: date
    sort: Sort
    amount: int
    """What it adds to the balance; negative: takes from it."""
    balance: int
    """All that was lent and charged less all that was paid and let go, after the line."""
    instalment: int | None
    """Of a charge, the instalment that it is of."""
    reference: str
    """The number of the payment, or of what else it is."""
    fee: int
    """Of a payment or a waiver: what it settled of fees."""
    penalty: int
    interest: int
    principal: int
    credit: int
    """Of a payment: what was left."""


class TransactionList(View):
    """A page of a loan's account, oldest first."""

    loan_id: UUID
    currency: str
    items: list[TransactionView]
    next_cursor: str | None


class StatementView(View):
    """A loan's account from one day to another, both included."""

    loan_id: UUID
    currency: str
    start: date
    end: date
    opening: int
    """The balance at the end of the day before."""
    lines: list[TransactionView]
    charged: dict[str, int]
    """What the loan cost in the period: interest, fee, late_fee, penalty, prepayment_fee."""
    paid: int
    """What was paid in it, less what bounced or was given back."""
    closing: int
    """The balance at the end of the last day."""
    as_of: date
    """The business day that it was made on."""


class PayoffParts(View):
    """What a pay-off consists of."""

    overdue: int
    """Everything of the instalments due until then, late fees and penalty interest included."""
    principal: int
    """Principal of the instalments to come."""
    interest: int
    """Interest of the running period until then."""
    prepayment_fee: int
    made_good: int
    """What was given back to the customer and turned out to be the lender's."""


class PayoffView(View):
    """What repaying everything takes, if the money counts from a day and nothing else happens."""

    loan_id: UUID
    on: date
    valid_through: date
    """The last day for which the amount is right."""
    amount: int
    """The sum of the parts."""
    currency: str
    parts: PayoffParts
    next_day: int
    """What the next day adds."""
    cooling_off_amount: int | None
    """What returning the loan takes instead (intent `return`), while that is possible."""


class CourseView(View):
    """What is to come of a loan."""

    instalments: list[InstalmentView]
    to_pay: int
    """Everything still to be paid, if nothing else happens."""
    interest_to_come: int
    """Interest of it."""
    ends_on: date | None
    """The last day on which something is due; null: nothing is."""
    annual_rate: str
    apr: str | None
    """All that is to come against the principal owed now, as a nominal yearly rate with six decimals."""


class PrepaymentView(View):
    """What a payment would do, if it came today."""

    loan_id: UUID
    as_of: date
    currency: str
    amount: int
    intent: str | None
    before: CourseView
    after: CourseView
    allocated: int
    """What of it would settle instalments or principal."""
    fee: int
    """What of it would pay the fee for repaying early."""
    credit: int
    """What of it would be left."""
    interest_saved: int
    """Interest that would not be charged any more."""
    closes: bool
    """Whether nothing would be owed after it."""


class RestructureView(View):
    """What a restructure would change, if it were agreed today."""

    loan_id: UUID
    as_of: date
    currency: str
    circumstance: str
    plan: Relief
    before: CourseView
    after: CourseView
    waived: int
    """What would be let go."""
    capitalised: int
    """Arrears that were no principal and would become it."""
    extra_cost: int
    """What the customer would pay more in all; negative: less."""
    token: str
    """Confirms the plan, on this business day, while nothing else happens to the loan."""


class PlanView(View):
    """A plan that a loan may get, in short."""

    plan: Relief
    instalments_left: int
    next_instalment: int
    """What is unpaid of the next instalment that is due after today."""
    ends_on: date | None
    extra_cost: int


class PlanList(View):
    """What a loan may get after what happened in its customer's life."""

    loan_id: UUID
    as_of: date
    currency: str
    circumstance: str
    evidence: dict[str, str] | None
    """What the customer has to show, in Chinese and English; null: nothing."""
    plans: list[PlanView]
    refusals: list[dict[str, str]]
    """What keeps the loan from any plan: field, code, message, fix."""


class OperationView(View):
    """A loan after a command."""

    loan_id: UUID
    sequence: int
    """The number of the last event told."""
    status: str
    principal_outstanding: int
    total_outstanding: int
    credit: int
    result_id: str | None = None
    """The number of what was made: a waiver, a restructure, a request, an order, the money matched."""


def instalment_views(rows: Iterable[Instalment]) -> list[InstalmentView]:
    """Instalments, to show."""
    return [InstalmentView(**row._asdict(), outstanding=row.outstanding) for row in rows]


def course_view(course: Course) -> CourseView:
    """What is to come, to show."""
    return CourseView(
        instalments=instalment_views(course.instalments),
        to_pay=course.to_pay,
        interest_to_come=course.interest_to_come,
        ends_on=course.ends_on,
        annual_rate=f"{course.annual_rate:f}",
        apr=_text(course.apr),
    )


def _text(rate: Decimal | None) -> str | None:
    return None if rate is None else f"{rate:f}"
