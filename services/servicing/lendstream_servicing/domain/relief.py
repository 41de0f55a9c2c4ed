"""What relief may consist of, and what a draw or a waiver was agreed to be: the details of entries, kept as JSON."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from lendstream.catalogue import Due
from lendstream.events.base import MinorUnits, Model, Rate


class Arrears(StrEnum):
    """What becomes of what is overdue."""

    KEEP = "keep"
    """It stays due."""
    CAPITALISE = "capitalise"
    """It becomes principal and is repaid with the instalments to come."""


class Relief(Model):
    """A restructure: any of its parts, together. Nothing of it needs to be given."""

    extra_instalments: Annotated[int, Field(ge=0, le=120, examples=[6])] = 0
    """So many instalments more, so that each is lower."""
    holiday: Annotated[int, Field(ge=0, le=24, examples=[3])] = 0
    """The next so many due days are left out; their interest is paid with the instalments after them."""
    annual_rate: Rate | None = None
    """The nominal rate from now on."""
    arrears: Arrears = Arrears.KEEP
    """What becomes of what is overdue."""
    waive: tuple[Due, ...] = ()
    """What of the overdue is let go: penalty, fee, interest."""


class Waiver(Model):
    """An amount that the lender lets go of, oldest instalment first."""

    parts: tuple[Due, ...]
    """Of which parts, in this order."""
    up_to: MinorUnits
    """At most so much."""


class Draw(Model):
    """Money drawn on a credit line."""

    instalments: Annotated[int, Field(ge=1, le=120, examples=[12])]
    """Over how many instalments everything owed is repaid then."""
