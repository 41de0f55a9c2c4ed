"""`lendstream customer`: what can be done about a person."""

import http.client
import json
import os
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

import typer

from lendstream.cli.common import BROKER_AT_FAULT, AsJson, Yes, console, fail, print_json

app = typer.Typer(help="Erase a customer.", no_args_is_help=True)

VARIABLE = "LENDSTREAM_OPERATOR_TOKEN"
_TIMEOUT_SECONDS = 30

Url = Annotated[
    str,
    typer.Option(envvar="LENDSTREAM_APPLICATION_URL", metavar="URL", help="The service `application`, over HTTP."),
]


@app.callback()
def _group() -> None:
    """What can be done about a person."""


@app.command("erase")
def erase(
    customer_id: Annotated[UUID, typer.Argument(help="The customer's id, as in ApplicationReceived.")],
    url: Url = "http://127.0.0.1:8080",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Erase a person: nobody can read who it was any more. Loans and payments go on under the id. May be repeated.

    The token is taken from LENDSTREAM_OPERATOR_TOKEN; it wants the scope admin at the service.
    """
    token = os.environ.get(VARIABLE, "")
    if not token:
        fail(
            f"Set {VARIABLE} to a token of scope admin: one whose digest is in LENDSTREAM_API_TOKENS of `application`."
        )
    if not yes:
        typer.confirm(f"Erase {customer_id} for good? It cannot be undone", abort=True, err=True)
    status, answer = _delete(url, f"/v1/customers/{customer_id}", token)
    if status != 200:
        fail(_reason(status, answer))
    if as_json:
        print_json(answer)
        return
    out = console()
    out.print(f"Customer {customer_id} is erased as of {answer['erased_at']}:")
    out.print("  the data key and the sealed identity are gone from the database of `application`;")
    out.print(f"  tombstones go out on {' and '.join(answer['tombstones'])}.")
    if answer.get("intake_keeps_until"):
        out.print(f"The intake topics keep what partners submitted until {answer['intake_keeps_until']} at the latest.")


def _delete(url: str, path: str, token: str) -> tuple[int, dict[str, Any]]:
    """Status and body. Ends the command when the service is not there."""
    parts = _address(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS)
        connection.request("DELETE", parts.path.rstrip("/") + path, headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        fail(
            f"The service `application` does not answer at {url} ({error}): start it, or name it with --url or "
            "LENDSTREAM_APPLICATION_URL.",
            BROKER_AT_FAULT,
        )
    try:
        answer = json.loads(body)
    except ValueError:
        answer = {}
    return response.status, answer if isinstance(answer, dict) else {}


def _address(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise typer.BadParameter(f"{url!r} is no http(s) address", param_hint="--url")
    return parts


def _reason(status: int, answer: dict[str, Any]) -> str:
    details = [f"{each['message']} {each['fix']}" for each in answer.get("errors", ())]
    return " ".join((f"Not erased ({status}): {answer.get('title', 'no reason given')}.", *details))
