"""Reads `rules.yaml`."""

from pathlib import Path

import yaml

from lendstream_notifications.domain.rules import Rules

DEFAULT = Path(__file__).parent / "rules.yaml"


def load(path: Path = DEFAULT) -> Rules:
    """The rules of a file. Raises pydantic's ValidationError, which names every field that is wrong."""
    return Rules.model_validate(yaml.safe_load(path.read_text("utf-8")))
