"""The lender's business days on `lending.calendar.v1`: time is an event."""

from datetime import date
from typing import Annotated

from pydantic import Field

from lendstream.events.base import Currency, Event, Model, TotalMinorUnits
from lendstream.events.loan import Bucket

Lender = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9-]+$", examples=["lendstream"])]


class BusinessDayStarted(Event):
    """The lender's scheduler opens a business day; services act on this, never on the wall clock's date."""

    lender: Lender
    """The lender."""
    day: date
    """The business day."""


class BucketTotals(Model):
    """The loans of one bucket."""

    bucket: Bucket
    """The bucket."""
    loans: Annotated[int, Field(ge=0, examples=[31])]
    """Loans in it."""
    principal_outstanding: TotalMinorUnits
    """Principal owed on them."""
    provision: TotalMinorUnits
    """What is set aside for their losses."""


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
    par1: TotalMinorUnits = 0
    """Principal owed on loans that are at least one day past due (portfolio at risk)."""
    par30: TotalMinorUnits = 0
    """Principal owed on loans more than 30 days past due."""
    par60: TotalMinorUnits = 0
    """Principal owed on loans more than 60 days past due."""
    par90: TotalMinorUnits = 0
    """Principal owed on loans more than 90 days past due."""
    charged_off_loans: Annotated[int, Field(ge=0, examples=[3])] = 0
    """Loans charged off so far and still owed."""
    charged_off: TotalMinorUnits = 0
    """Principal still owed on loans charged off."""
    provision: TotalMinorUnits = 0
    """What is set aside for losses, over all buckets."""
    buckets: tuple[BucketTotals, ...] = ()
    """The book by bucket."""
    set_aside: Annotated[int, Field(ge=0, examples=[0])] = 0
    """Loans that the day could not be carried through for; operators see why."""
