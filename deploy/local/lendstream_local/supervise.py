"""Keeps one program running: `python -m lendstream_local.supervise <home> <name> -- <command>`.

What a container platform does in production: a program that ends, for whatever reason, is started again after a
pause that grows while it keeps ending early. SIGTERM is passed on, and ends both. If this supervisor is killed, the
program goes with it (Linux).
"""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import threading
import time

FIRST_PAUSE, LONGEST_PAUSE, HEALTHY_SECONDS = 0.2, 5.0, 20.0
ENDED = "supervisor: the program ended"
_PR_SET_PDEATHSIG = 1


def main(command: list[str]) -> int:
    """Run the command until asked to stop; returns the last exit code."""
    stopping = threading.Event()
    child: subprocess.Popen[bytes] | None = None

    def stop(number: int, frame: object) -> None:
        stopping.set()
        if child is not None and child.poll() is None:
            child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pause = FIRST_PAUSE
    while True:
        started = time.monotonic()
        child = subprocess.Popen(command, preexec_fn=die_with_parent)
        if stopping.is_set():  # asked in the moment between two runs
            child.terminate()
        code = child.wait()
        if stopping.is_set():
            return code
        print(f"{ENDED} with {code}, starting again in {pause} s: {' '.join(command)}", flush=True)
        stopping.wait(pause)
        if stopping.is_set():
            return code
        pause = FIRST_PAUSE if time.monotonic() - started > HEALTHY_SECONDS else min(pause * 2, LONGEST_PAUSE)


def die_with_parent() -> None:
    """For a child, before its program starts: end with the process that started it, even by kill -9 (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    separator = sys.argv.index("--")
    sys.exit(main(sys.argv[separator + 1 :]))
