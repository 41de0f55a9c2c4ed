"""The books' data, YAML files: the chart of accounts and the rates of provision, checked when the service starts."""

import json
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from lendstream_servicing.domain.chart import Chart, ProvisionPolicy

_FOLDER = Path(__file__).parent
M = TypeVar("M", bound=BaseModel)


class LedgerDataError(Exception):
    """A file of the books' data that cannot be used; the message names file, field and fault, one line a fault."""


@cache
def chart(path: Path = _FOLDER / "chart.v1.yaml") -> Chart:
    """The chart of accounts. Raises LedgerDataError."""
    return _read(path, Chart)


@cache
def provision_policy(path: Path = _FOLDER / "provision.v1.yaml") -> ProvisionPolicy:
    """The rates of provision. Raises LedgerDataError."""
    return _read(path, ProvisionPolicy)


def _read(path: Path, model: type[M]) -> M:
    try:
        data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return model.model_validate_json(json.dumps(data))  # strict models read names of enumerations from JSON only
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise LedgerDataError(f"{path.name}: cannot be read as YAML: {error}") from error
    except ValidationError as error:
        faults = (f"{path.name}: {'.'.join(map(str, each['loc'])) or 'file'}: {each['msg']}" for each in error.errors())
        raise LedgerDataError("\n".join(faults)) from error
