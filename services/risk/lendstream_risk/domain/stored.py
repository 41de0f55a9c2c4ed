"""The customer's state as bytes: JSON with the version of its shape.

To change the shape of `Customer`: raise VERSION by one, add to UPGRADES the function that turns a document of the
old version into the next one's, and put a document of the old version beside the tests' others. Every version ever
written stays readable, because a changelog keeps a customer's last state for years.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from lendstream_risk.domain.customer import Customer

VERSION = 3
Document = dict[str, Any]


def _keep_ended_loans(document: Document) -> Document:
    """Version 1 kept of a loan that is over only its application.

    Its sequence is not known, so events that it has seen count as news: they change only what is kept of it, and no
    event of that time opens a loan again. Of those loans only closed ones can be, and all of them counted as repaid.
    """

    def kept(application_id: str) -> Document:
        loan = {"application_id": application_id, "principal": 0, "instalment": 0, "days_past_due": 0, "sequence": 0}
        return {"loan": loan, "repaid": True}

    return {**document, "ended": {loan_id: kept(application) for loan_id, application in document["ended"].items()}}


def _name_the_position(document: Document) -> Document:
    """Version 2 kept the position as a list of the five fields there were."""
    names = ("open_loans", "exposure", "instalments_due", "loans_repaid", "worst_days_past_due")

    def named(decision: Document) -> Document:
        return {**decision, "position": dict(zip(names, decision["position"], strict=True))}

    return {**document, "decided": {key: named(each) for key, each in document.get("decided", {}).items()}}


UPGRADES: Mapping[int, Callable[[Document], Document]] = {1: _keep_ended_loans, 2: _name_the_position}
"""By version: how its documents become documents of the next."""

_ADAPTER = TypeAdapter(Customer)
_HEAD = b'{"version":%d,' % VERSION


class StateError(Exception):
    """A stored state that this version of risk cannot read. Not the record's fault: nothing may be skipped."""


def dumps(customer: Customer) -> bytes:
    """The state as one JSON object, its version first."""
    return _HEAD + _ADAPTER.dump_json(customer)[1:]


def loads(raw: bytes | None) -> Customer:
    """The state of any version; None is a customer that nothing is known of.

    Raises:
        StateError: it is damaged, or was written by a newer version of risk.
    """
    if raw is None:
        return Customer()
    try:
        document: Document = from_json(raw)
        version = document.pop("version")
        if version > VERSION:
            raise StateError(f"state of version {version}, this is version {VERSION}: start the newer risk again")
        for older in range(version, VERSION):
            document = UPGRADES[older](document)
        return _ADAPTER.validate_python(document)
    except (ValidationError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise StateError(f"a stored state cannot be read: {error}") from error
