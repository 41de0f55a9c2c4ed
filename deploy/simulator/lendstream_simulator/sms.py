"""The SMS gateway as a server on 127.0.0.1."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import uvicorn

from lendstream_simulator.mail import HOST
from lendstream_simulator.texts import Gateway, application

TOKEN = "simulator"  # noqa: S105 (the demo's, to be replaced by --sms-token)


class _Server(uvicorn.Server):
    """Leaves signals to the program that it is a part of."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class SmsServer:
    """Listens on 127.0.0.1 while entered; `port` 0 takes a free one."""

    def __init__(self, gateway: Gateway, *, port: int = 0, token: str = TOKEN) -> None:
        self.gateway = gateway
        self.port = port
        config = uvicorn.Config(
            application(gateway, token),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
        self._serving: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, directory: Path, *, seed: int = 0, port: int = 0, token: str = TOKEN) -> Self:
        """A gateway that keeps its journal in a folder."""
        return cls(Gateway(directory, seed=seed), port=port, token=token)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self.port}"

    async def __aenter__(self) -> Self:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, self.port))
        listener.listen(128)
        self.port = listener.getsockname()[1]
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.gateway.close()
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
