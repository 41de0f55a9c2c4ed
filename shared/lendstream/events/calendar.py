"""The lender's business days on `lending.calendar.v1`: time is an event."""

from datetime import date
from typing import Annotated

from pydantic import Field

from lendstream.events.base import Currency, Event, TotalMinorUnits

Lender = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9-]+$", examples=["lendstream"])]


class BusinessDayStarted(Event):
    """The lender's scheduler opens a business day; services act on this, never on the wall clock's date."""

    lender: Lender
    """The lender."""
    day: date
    """The business day."""


class BusinessDayClosed(Event):
    """Servicing has aged the whole book for the day."""

    lender: Lender
    """The lender."""
    day: date
    """The business day."""
    currency: Currency
    """The currency of the totals."""
    open_loans: Annotated[int, Field(ge=0, examples=[1200])]
    """Loans open at the close."""
    principal_outstanding: TotalMinorUnits
    """Principal owed on them."""
    overdue_loans: Annotated[int, Field(ge=0, examples=[31])]
    """Loans with anything past due."""
    overdue_amount: TotalMinorUnits
    """Everything past due."""
