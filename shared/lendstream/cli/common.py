"""What the commands share: options, output, and how an error ends a command.

Exit codes: 0 done, 1 the data or the request is at fault, 2 wrong usage, 3 the broker is away or refuses.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Coroutine
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError
from rich.console import Console

T = TypeVar("T")

DATA_AT_FAULT = 1
BROKER_AT_FAULT = 3

Bootstrap = Annotated[
    str,
    typer.Option(
        "--bootstrap", "-b", envvar="LENDSTREAM_KAFKA_BOOTSTRAP", metavar="HOST:PORT", help="The Kafka broker."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DEFAULT_BOOTSTRAP = "127.0.0.1:9092"


def console() -> Console:
    """Standard output: as wide as the terminal, or unbounded where it is a file or a pipe."""
    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=int(os.environ.get("COLUMNS", "200")))


def print_json(value: Any) -> None:
    """One JSON document on standard output, readable and never coloured."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def complain(message: str) -> None:
    """Say what is wrong on standard error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(message, style="red", markup=False)


def fail(message: str, code: int = DATA_AT_FAULT) -> NoReturn:
    """Say what is wrong and end the command."""
    complain(message)
    raise typer.Exit(code)


def run(work: Coroutine[Any, Any, T], bootstrap: str) -> T:
    """Run a command's work; trouble with the broker ends it with one sentence."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        return asyncio.run(work)
    except KafkaConnectionError:
        fail(
            f"No Kafka broker answers at {bootstrap}: start one, or name it with --bootstrap or "
            "LENDSTREAM_KAFKA_BOOTSTRAP.",
            BROKER_AT_FAULT,
        )
    except KafkaTimeoutError as error:
        fail(f"The Kafka broker at {bootstrap} takes too long: {_said(error)}.", BROKER_AT_FAULT)
    except KafkaError as error:
        fail(f"The Kafka broker at {bootstrap} refuses: {_said(error)}.", BROKER_AT_FAULT)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def _said(error: KafkaError) -> str:
    return str(error).rstrip(".")
