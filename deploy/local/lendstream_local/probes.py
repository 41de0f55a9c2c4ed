"""What tests ask of the machine: who listens, what still runs, and whether something comes true."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from lendstream_local.home import HOST


def listens(port: int) -> bool:
    """Whether a server takes connections on 127.0.0.1:port."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def processes_of(folder: Path) -> list[psutil.Process]:
    """Every live process that names the folder on its command line, or works in it."""
    return [process for process in psutil.process_iter() if _concerns(process, str(folder))]


def eventually(condition: Callable[[], bool], seconds: float = 60) -> bool:
    """Wait until the condition holds; False if it does not within the limit."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _concerns(process: psutil.Process, folder: str) -> bool:
    try:
        return any(folder in part for part in [*process.cmdline(), process.cwd()])
    except psutil.Error:
        return False
