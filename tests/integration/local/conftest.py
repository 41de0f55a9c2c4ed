"""Stacks of their own for tests that kill, stop or lose them."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lendstream_local import Stack
from lendstream_local.home import remove_folder


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder for one stack; whatever still runs in it afterwards is ended."""
    folder = Path(tempfile.mkdtemp(prefix="lendstream-test-"))
    yield folder
    Stack(folder).stop()
    remove_folder(folder)


@pytest.fixture(scope="module")
def own_stack() -> Iterator[Stack]:
    """A running stack that this module's tests may hurt, and give back running."""
    folder = Path(tempfile.mkdtemp(prefix="lendstream-test-"))
    stack = Stack.start(folder, durable=False, temporary=True)
    yield stack
    stack.stop(remove=True)
