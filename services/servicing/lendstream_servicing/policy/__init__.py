"""The relief policy, a YAML file that is checked when the service starts."""

import json
from functools import cache
from pathlib import Path

import yaml
from pydantic import ValidationError

from lendstream_servicing.domain.relief_policy import ReliefPolicy

_FILE = Path(__file__).parent / "relief.v1.yaml"


class ReliefPolicyError(Exception):
    """The relief policy cannot be used; the message names file, field and fault, one line a fault."""


@cache
def relief_policy(path: Path = _FILE) -> ReliefPolicy:
    """The relief policy. Raises ReliefPolicyError."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return ReliefPolicy.model_validate_json(json.dumps(data), extra="forbid")
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ReliefPolicyError(f"{path.name}: cannot be read as YAML: {error}") from error
    except ValidationError as error:
        faults = (f"{path.name}: {'.'.join(map(str, each['loc'])) or 'file'}: {each['msg']}" for each in error.errors())
        raise ReliefPolicyError("\n".join(faults)) from error
