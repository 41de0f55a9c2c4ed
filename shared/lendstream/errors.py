"""What can be wrong with data, said so that its sender can mend it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong: where, a stable code, a sentence, and what to do about it."""

    field: str
    code: str
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.field or 'record'}: {self.message} [{self.code}] {self.fix}".rstrip()

    def as_dict(self) -> dict[str, str]:
        """The same as plain data, as in problem+json and SubmissionRejected."""
        return asdict(self)


class DataError(Exception):
    """The record itself is at fault: trying again cannot help. Carries every reason."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(str(error) for error in errors))
        self.errors = errors


class Refused(DataError):
    """A lending rule refuses the event: its state stays as it was."""

    def __init__(self, code: str, message: str, *, field: str = "", fix: str = "") -> None:
        super().__init__(FieldError(field, code, message, fix))
        self.code = code


_FIXES = {
    "missing": "Send this field.",
    "extra_forbidden": "Leave this field out; look for a slip in its name.",
    "json_invalid": "Send one JSON object, UTF-8 encoded.",
    "int_type": "Send a whole number without quotes; amounts are in minor units (fen).",
    "int_from_float": "Send a whole number; amounts are in minor units (fen).",
    "greater_than": "Send a larger number.",
    "greater_than_equal": "Send a larger number.",
    "less_than": "Send a smaller number; amounts are in minor units (fen).",
    "less_than_equal": "Send a smaller number; amounts are in minor units (fen).",
    "string_type": "Send text in quotes.",
    "string_too_long": "Shorten the text.",
    "string_too_short": "Send a longer text.",
    "string_pattern_mismatch": "Follow the pattern.",
    "enum": "Send one of the values listed.",
    "bool_type": "Send true or false, without quotes.",
    "uuid_parsing": "Send a UUID, as 0190a3c0-7c1e-7d2a-8b43-5f6f1f1c2d3e.",
    "date_from_datetime_parsing": "Send an ISO date, as 2026-03-05.",
    "date_parsing": "Send an ISO date, as 2026-03-05.",
    "datetime_parsing": "Send an RFC 3339 time, as 2026-03-02T08:15:30Z.",
    "datetime_from_date_parsing": "Send an RFC 3339 time, as 2026-03-02T08:15:30Z.",
    "timezone_aware": "Add the time zone: Z for UTC.",
    "value_error": "Follow the schema of the field.",
}


def fix_for(code: str) -> str:
    """What to do about a finding of pydantic's, by its type."""
    return _FIXES.get(code, "Follow the schema of the field.")


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location)


def from_pydantic(error: ValidationError, model: type[BaseModel] | None = None) -> DataError:
    """Every finding of a pydantic validation, as a DataError; with the model, fixes carry the fields' examples."""
    findings: Iterable[ErrorDetails] = error.errors(include_url=False, include_input=False, include_context=False)
    return DataError(
        *(
            FieldError(
                _path(each["loc"]),
                each["type"],
                each["msg"],
                _fix(each, model),
            )
            for each in findings
        )
    )


def _fix(finding: ErrorDetails, model: type[BaseModel] | None) -> str:
    fix = _FIXES.get(finding["type"], "Follow the schema of the field.")
    if finding["type"] == "string_pattern_mismatch" and (example := _example(finding["loc"], model)):
        return f"Follow the pattern, as {example}."
    return fix


def _example(location: tuple[int | str, ...], model: type[BaseModel] | None) -> str | None:
    """The example of the text field at that place, if the model gives one."""
    schema = model.model_json_schema() if model else {}
    definitions = schema.get("$defs", {})
    node = schema
    for part in location:
        node = node.get("items", {}) if isinstance(part, int) else node.get("properties", {}).get(part, {})
        options = [node, *node.get("anyOf", [])]
        node = next((each for each in options if each.keys() & {"$ref", "examples", "items"}), node)
        node = definitions.get(str(node.get("$ref")).rpartition("/")[2], node)
    return next(iter(node.get("examples", [])), None)


def problem(status: int, title: str, errors: Iterable[FieldError] = (), **extra: Any) -> dict[str, Any]:
    """A problem+json body (RFC 9457)."""
    found = [error.as_dict() for error in errors]
    return {"type": "about:blank", "status": status, "title": title, **({"errors": found} if found else {}), **extra}
