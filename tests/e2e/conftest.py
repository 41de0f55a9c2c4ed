"""The whole platform, started once for all of this folder's tests: every service in its own process."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lendstream_local.platform import Platform


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """A platform of its own; nothing of it is left afterwards."""
    home = Path(tempfile.mkdtemp(prefix="lendstream-e2e-"))
    platform = Platform.start(home, durable=False, temporary=True)
    yield platform
    platform.stop(remove=True)
