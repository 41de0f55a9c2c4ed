"""`python -m lendstream_servicing.openapi`: prints the OpenAPI document of the service."""

import sys

from lendstream.runtime.openapi import document
from lendstream_servicing.main import build
from lendstream_servicing.settings import ServicingSettings


def openapi() -> str:
    """The document. No setting changes it."""
    return document(build(ServicingSettings(database_url="postgresql://nowhere/none")))


if __name__ == "__main__":
    sys.stdout.write(openapi())
