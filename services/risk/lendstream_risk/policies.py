"""Read the policy files and the reasons' texts, all checked before any is used."""

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lendstream.catalogue import Catalogue, UnknownProductError
from lendstream.catalogue import load as load_catalogue
from lendstream_risk.domain.policy import Policy
from lendstream_risk.domain.reasons import Reasons
from lendstream_risk.domain.rulebook import Rulebook

DATA = Path(__file__).parent / "data"
POLICIES = DATA / "policies"
REASONS = DATA / "reasons.yaml"
M = TypeVar("M", bound=BaseModel)

_FIXES = {
    "missing": "add the field",
    "extra_forbidden": "remove the field or correct its name",
    "enum": "use one of the values listed",
    "int_type": "write a whole number",
    "int_from_float": "write a whole number",
    "date_from_datetime_parsing": "write a date as 2026-01-01",
    "date_type": "write a date as 2026-01-01",
}


class PolicyError(Exception):
    """The policy files cannot be used; the message names file, field and remedy, one line a fault."""


@cache
def load(folder: Path = POLICIES, reasons: Path = REASONS) -> Rulebook:
    """The rulebook of a folder of `policy.v<version>.yaml` files. Raises PolicyError."""
    policies = sorted((read(path) for path in folder.glob("*.yaml")), key=lambda policy: policy.version)
    if not policies:
        raise PolicyError(f"{folder}: no policy files (policy.v<version>.yaml): add one, or correct the folder's path")
    for before, after in pairwise(policies):
        if after.valid_from <= before.valid_from:
            raise PolicyError(
                f"policy.v{after.version}.yaml: valid_from: {after.valid_from} is not after that of version "
                f"{before.version} ({before.valid_from}): a higher version must be valid from a later day"
            )
    catalogue = load_catalogue()
    faults = [fault for policy in policies for fault in _product_faults(policy, catalogue)]
    if faults:
        raise PolicyError("\n".join(faults))
    return Rulebook({policy.version: policy for policy in policies}, _read(reasons, Reasons), catalogue)


def read(path: Path) -> Policy:
    """One policy file. Raises PolicyError with every fault found in it."""
    policy = _read(path, Policy)
    if path.name != f"policy.v{policy.version}.yaml":
        raise PolicyError(f"{path.name}: version: name the file policy.v{policy.version}.yaml or correct the field")
    return policy


def schema() -> dict[str, Any]:
    """JSON Schema of a policy file."""
    return Policy.model_json_schema() | {"$schema": "https://json-schema.org/draft/2020-12/schema"}


def _read(path: Path, model: type[M]) -> M:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PolicyError(f"{path.name}: cannot be read as YAML: {error}") from error
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise PolicyError("\n".join(_fault(path.name, each) for each in error.errors())) from error


def _fault(file: str, error: ErrorDetails) -> str:
    where = ".".join(map(str, error["loc"])) or "file"
    value = error["input"]
    found = f" (found {value!r})" if error["type"] != "missing" and not isinstance(value, dict | list) else ""
    return f"{file}: {where}: {error['msg']}{found}: {_FIXES.get(error['type'], 'correct the value')}"


def _product_faults(policy: Policy, catalogue: Catalogue) -> list[str]:
    faults = []
    for code, rules in policy.products.items():
        where = f"policy.v{policy.version}.yaml: products.{code}"
        try:
            smallest = catalogue.product(code, rules.version).amount.min
        except UnknownProductError as error:
            faults.append(f"{where}: {error.args[0]}: name a product and version of the catalogue")
            continue
        if rules.limit < smallest:
            faults.append(f"{where}.limit: {rules.limit} is below the product's smallest loan: use at least {smallest}")
    return faults
