"""The operations side of HTTP: probes, metrics, problem+json for every error."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException

from lendstream.errors import FieldError, fix_for, problem
from lendstream.runtime.commands import PROBLEM, problem_response
from lendstream.runtime.telemetry import logger

Readiness = Callable[[], Mapping[str, str | None]]
"""Names what must be well, and of each what ails it (None: well)."""


def operations_app(service: str, readiness: Readiness) -> FastAPI:
    """An application with `/health/live`, `/health/ready` and `/metrics`; add the service's own routes to it."""
    app = FastAPI(title=f"Lendstream {service}", version="1", docs_url="/docs", redoc_url=None)

    @app.get("/health/live", tags=["operations"])
    async def live() -> dict[str, str]:
        """The process runs. Stays well while infrastructure is away: a restart would not help."""
        return {"status": "live"}

    @app.get("/health/ready", tags=["operations"])
    async def ready() -> JSONResponse:
        """The process does its work; otherwise what keeps it from it."""
        ailments = {name: ailment for name, ailment in readiness().items() if ailment}
        status = "ready" if not ailments else "not ready"
        return JSONResponse({"status": status, "reasons": ailments}, 503 if ailments else 200)

    @app.get("/metrics", tags=["operations"])
    async def metrics() -> Response:
        """Prometheus metrics; their meanings are in lendstream.runtime.metrics."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _internal)
    return app


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    details = error.errors() if isinstance(error, RequestValidationError) else []
    found = [
        FieldError(
            ".".join(str(part) for part in each["loc"] if part != "body"),
            each["type"],
            each["msg"],
            fix_for(each["type"]),
        )
        for each in details
    ]
    return problem_response(422, "The request is not valid", *found)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else "Internal error"
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    body = detail if isinstance(detail, dict) else problem(status, str(detail))
    return JSONResponse(body, status, media_type=PROBLEM, headers=headers)


async def _internal(request: Request, error: Exception) -> JSONResponse:
    logger().error("request failed", path=request.url.path, error=repr(error), exc_info=error)
    return problem_response(500, "Internal error; it was logged")


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: the service stops it in its own order."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        super().__init__(uvicorn.Config(app, host=host, port=port, log_config=None, access_log=False, lifespan="off"))

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave SIGTERM and SIGINT to the service."""
        yield
