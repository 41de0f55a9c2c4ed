"""What the API shows. Amounts are minor units of the loan's currency."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from lendstream.events.calendar import BucketTotals
from lendstream.events.loan import Bucket
from lendstream_servicing.domain.delinquency import days_past_due
from lendstream_servicing.domain.loan import Awaiting, Loan
from lendstream_servicing.domain.operations import drawable


class View(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(use_attribute_docstrings=True, frozen=True)


class InstalmentView(View):
    """An instalment: what is charged, what was paid, what became of it."""

    number: int
    due_date: date
    principal: int
    interest: int
    fee: int
    subsidy: int
    """Interest that others than the customer bear, beside `interest`."""
    late_fee: int
    """The late fee, once it is charged."""
    penalty: int
    """Penalty interest charged so far."""
    principal_paid: int
    """Of the parts, what is settled: paid, or waived."""
    interest_paid: int
    fee_paid: int
    penalty_paid: int
    """Settled of late fee and penalty interest."""
    outstanding: int
    """What is unpaid."""
    overdue_on: date | None
    """The business day that found it unpaid after its due date."""
    settled_on: date | None
    """The value date of what left nothing of it."""


class Balances(View):
    """What is owed."""

    principal_outstanding: int
    """Principal still owed."""
    total_outstanding: int
    """Everything still owed by the schedule, fees and penalties included."""
    overdue_amount: int
    """What is past due."""
    credit: int
    """What was paid beyond everything owed."""


class EntryView(View):
    """Something that happened to the loan: money in, a waiver, relief, a later payout, a refund, the charge-off."""

    entry_id: str
    """Of a payment, the channel's number."""
    kind: str
    amount: int
    value_date: date
    channel: str
    """Of a payment, its channel; of a waiver, why; of relief, the circumstance."""
    received_on: date
    applied_on: date | None
    """null: in suspense."""
    undone_on: date | None
    """The business day that it was taken back."""
    unallocated: int
    """What of it paid nothing."""
    reason: str
    """Why it was done or taken back, and by whom."""


class PayoutView(View):
    """A payout after the first: a tranche or a draw."""

    part: int
    kind: str
    amount: int
    pay_on: date
    ordered: bool
    done_on: date | None
    cancelled: bool


class HistoryEntry(View):
    """An event in the loan's life, as it was published."""

    sequence: int
    """Its number: 1, 2, 3 ... without gaps."""
    type: str
    """Its name on the topic."""
    at: datetime
    """When it was recorded."""
    data: dict[str, Any]
    """Its fields, without the loan's ids and the schedule."""


class LoanView(View):
    """A loan with its schedule and its history."""

    loan_id: UUID
    status: str
    """opened (payout asked for), active, charged_off, closed or cancelled."""
    customer_id: UUID
    application_id: UUID
    partner: str
    reference: str
    """The partner's number of the application."""
    product: str
    product_version: int
    method: str
    principal: int
    currency: str
    annual_rate: str
    """The nominal yearly rate that was agreed, as a decimal string."""
    annual_rate_now: str
    """The same, as it is now."""
    tenor: int
    """The instalments agreed."""
    credit_limit: int
    """Of a credit line, the most that may be owed; else 0."""
    drawable: int
    """Of a credit line, what may still be drawn; else 0."""
    upfront_fee: int
    opened_on: date
    interest_from: date
    pay_on: date
    """The business day of the current payout order."""
    disbursed_on: date | None
    ended_on: date | None
    """When it closed (value date) or was cancelled."""
    ending: str | None
    """How it closed."""
    charged_off_on: date | None
    """When it was given up in the books; it stays owed."""
    bucket: Bucket
    days_past_due: int
    as_of: date | None
    """The business day that days_past_due is counted to."""
    balances: Balances
    schedule: list[InstalmentView]
    payouts: list[PayoutView]
    """Those after the first."""
    entries: list[EntryView]
    """In the order of their arrival."""
    history: list[HistoryEntry]


class AwaitingView(View):
    """An account whose loan is not open yet."""

    loan_id: UUID
    status: str = "awaiting"
    waiting_for: list[str]
    """The events that are missing."""


class LoanSummary(View):
    """A loan in a list."""

    loan_id: UUID = Field(validation_alias="id")
    status: str
    product: str
    principal: int
    currency: str
    principal_outstanding: int
    total_outstanding: int
    overdue_amount: int
    bucket: Bucket
    opened_on: date


class SuspenseEntry(View):
    """Money that pays no instalment."""

    payment_id: str
    loan_id: UUID
    amount: int
    """The amount received."""
    unallocated: int
    """What of it pays no instalment."""
    currency: str
    value_date: date
    channel: str
    received_on: date
    reason: str
    """unknown_loan, not_disbursed, loan_cancelled, wrong_currency, value_date_to_come: in suspense; credit: paid beyond
    what was owed."""


class SuspenseList(View):
    """A page of the suspense list, in the order of arrival."""

    items: list[SuspenseEntry]
    next_cursor: str | None
    """Ask with it for the next page; null on the last."""


class BookTotals(View):
    """The book at the close of a day, in one currency."""

    currency: str
    open_loans: int
    principal_outstanding: int
    overdue_loans: int
    overdue_amount: int
    charged_off_loans: int
    charged_off: int
    """Principal still owed on loans given up."""
    provision: int
    """What is set aside for losses."""
    set_aside: int
    """Loans that the day could not be carried through for."""
    buckets: list[BucketTotals]


class DayView(View):
    """A business day."""

    day: date
    status: str
    """open while loans are aged, then closed."""
    started_at: datetime
    closed_at: datetime | None
    loans_to_age: int
    """Loans that the day still has to age."""
    set_aside: int
    """Loans that it could not be carried through for."""
    totals: list[BookTotals]
    """The book, once the day is closed."""


def loan_view(loan: Loan, history: Iterable[Any], as_of: date | None) -> LoanView:
    """A loan as the API shows it, on a business day."""
    contract = loan.contract
    return LoanView(
        loan_id=loan.id,
        status=loan.status,
        customer_id=contract.customer_id,
        application_id=contract.application_id,
        partner=contract.partner,
        reference=contract.reference,
        product=contract.product,
        product_version=contract.product_version,
        method=contract.method,
        principal=contract.principal,
        currency=contract.currency,
        annual_rate=f"{contract.annual_rate:f}",
        annual_rate_now=f"{loan.annual_rate:f}",
        tenor=contract.tenor,
        credit_limit=contract.credit_limit,
        drawable=drawable(loan),
        upfront_fee=contract.upfront_fee,
        opened_on=contract.opened_on,
        interest_from=contract.interest_from,
        pay_on=loan.pay_on,
        disbursed_on=loan.disbursed_on,
        ended_on=loan.ended_on,
        ending=loan.ending,
        charged_off_on=loan.charged_off_on,
        bucket=loan.bucket,
        days_past_due=days_past_due(loan, as_of) if as_of else 0,
        as_of=as_of,
        balances=Balances(
            principal_outstanding=loan.principal_outstanding,
            total_outstanding=loan.total_outstanding,
            overdue_amount=loan.overdue_amount,
            credit=loan.credit,
        ),
        schedule=[InstalmentView(**each._asdict(), outstanding=each.outstanding) for each in loan.instalments],
        payouts=[PayoutView(**each._asdict(), ordered=each.attempt > 0) for each in loan.payouts],
        entries=[EntryView(**each._asdict(), entry_id=each.id) for each in loan.entries],
        history=[HistoryEntry(**{**row, "data": json.loads(row["data"])}) for row in history],
    )


def awaiting_view(account: Awaiting) -> AwaitingView:
    """An account before its loan."""
    halves = {"OfferAccepted": account.acceptance, "ApplicationDecided": account.approval}
    return AwaitingView(loan_id=account.id, waiting_for=[name for name, half in halves.items() if half is None])
