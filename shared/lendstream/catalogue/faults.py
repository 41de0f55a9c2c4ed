"""How a fault in a file of the catalogue is told: where it is, what it is, and what to do."""

from collections.abc import Iterable
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .fields import Data


class Fault(NamedTuple):
    """One thing that is wrong with a file."""

    field: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return ": ".join(part for part in self if part)


class CatalogueError(Exception):
    """A catalogue file that cannot be used; the message names file, field and remedy, one line a fault."""

    def __init__(self, file: str, *faults: Fault) -> None:
        super().__init__("\n".join(f"{file}: {fault}" for fault in faults))
        self.faults = faults


_REMEDIES = {
    "missing": "add the field",
    "extra_forbidden": "remove the field or correct its name",
    "int_type": "write a whole number, without quotes",
    "int_from_float": "write a whole number",
    "enum": "write one of the values listed",
    "too_short": "list one at least",
    "date_type": "write a date as 2026-01-31",
    "date_from_datetime_parsing": "write a date as 2026-01-31",
    "model_type": "write fields with their values below it",
    "bool_type": "write true or false",
}


def faults_in(error: ValidationError) -> Iterable[Fault]:
    """Every finding of a validation."""
    return map(_told, error.errors())


def unreadable(error: Exception) -> Fault:
    """The file is no YAML, or cannot be opened."""
    return Fault("", f"cannot be read as YAML: {error}", "correct the line named")


def _told(error: ErrorDetails) -> Fault:
    where = ".".join(map(str, error["loc"])) or "file"
    value = error["input"]
    found = f" (found {value!r})" if error["type"] != "missing" and not isinstance(value, dict | list | Data) else ""
    return Fault(where, error["msg"] + found, _REMEDIES.get(error["type"], "correct the value"))
