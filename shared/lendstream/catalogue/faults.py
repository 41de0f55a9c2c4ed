"""How a fault in a file of the catalogue is told."""

from pydantic_core import ErrorDetails

from .fields import Data


class CatalogueError(Exception):
    """A catalogue file that cannot be used; the message names file, field and remedy, one line a fault."""


_REMEDIES = {
    "missing": "add the field",
    "extra_forbidden": "remove the field or correct its name",
    "int_type": "write a whole number, without quotes",
    "int_from_float": "write a whole number",
}


def told(error: ErrorDetails) -> str:
    """Field, fault, what was found and what to do."""
    where = ".".join(map(str, error["loc"])) or "file"
    value = error["input"]
    found = f" (found {value!r})" if error["type"] != "missing" and not isinstance(value, dict | list | Data) else ""
    return f"{where}: {error['msg']}{found}: {_REMEDIES.get(error['type'], 'correct the value')}"
