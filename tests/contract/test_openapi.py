"""The OpenAPI documents that are kept are those of the services as they are: `make docs` writes them anew."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lendstream_application.openapi import openapi as of_application
from lendstream_servicing.openapi import openapi as of_servicing

KEPT = Path(__file__).parents[2] / "docs" / "openapi"


@pytest.mark.parametrize(("name", "made"), [("application", of_application), ("servicing", of_servicing)])
def test_the_document_is_the_service_as_it_is(name: str, made: Callable[[], str]) -> None:
    assert (KEPT / f"{name}.json").read_text(encoding="utf-8") == made(), "run `make docs`"
