"""Ends a stack, and the services on it, when the process that started it has ended, however that happened.

Started by the stack as a child of that process: `python -m lendstream_local.watchdog HOME PARENT_PID [--remove]`.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from lendstream_local.platform import Platform

POLL_SECONDS = 0.2


def main(home: Path, parent: int, *, remove: bool) -> None:
    while os.getppid() == parent:  # a child is given to another parent at the moment its own ends
        time.sleep(POLL_SECONDS)
    Platform(home).stop(remove=remove)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), remove="--remove" in sys.argv[3:])
