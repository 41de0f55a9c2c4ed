"""`python -m lendstream_application.openapi`: prints the OpenAPI document of the service."""

import json
import sys
from base64 import b64encode

from pydantic import SecretStr

from lendstream.runtime.openapi import document

from .main import build
from .settings import ApplicationSettings


def openapi() -> str:
    """The document. No setting changes it; these open nothing."""
    keys = json.dumps({"none": b64encode(bytes(32)).decode()})
    settings = ApplicationSettings(
        database_url="postgresql://nowhere/none",
        master_keys=SecretStr(keys),
        identity_secret=SecretStr("-" * 32),
        partner_tokens={},
    )
    return document(build(settings))


if __name__ == "__main__":
    sys.stdout.write(openapi())
