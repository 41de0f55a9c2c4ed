"""A service's HTTP API as an OpenAPI document, without a database or a broker."""

import json
from typing import Any, cast

from lendstream.runtime.http import operations_app
from lendstream.runtime.service import Service
from lendstream.runtime.state import Runtime


def document(service: Service) -> str:
    """The document, as JSON with sorted keys: the same API is the same text."""
    app = operations_app(service.name, dict)
    if service.api is not None:
        # Routes are only made here, never called: what they would need to answer is not there.
        app.include_router(service.api(Runtime(service.name, service.settings, cast("Any", None), cast("Any", None))))
    return json.dumps(app.openapi(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
