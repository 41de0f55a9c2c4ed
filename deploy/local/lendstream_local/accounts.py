"""Which account of the machine runs Postgres, and which folders that account can use.

Postgres refuses to run as root. A normal user runs it as themselves. Root (a container, most often) runs it as
`pgserver`, made on first use; what that account cannot reach (a home below /root, say) is kept elsewhere.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lendstream_local.errors import StackError

NAME = "pgserver"
FALLBACK = Path("/var/lib/lendstream")


@dataclass(frozen=True)
class Account:
    """Who runs a process; all None means: whoever runs this one."""

    uid: int | None = None
    gid: int | None = None

    @property
    def extra_groups(self) -> list[int] | None:
        return None if self.uid is None else []

    def can_use(self, path: Path) -> bool:
        """Whether this account can reach the folder or file and read it."""
        command = ["test", "-r", str(path)]
        return not subprocess.call(command, user=self.uid, group=self.gid, extra_groups=self.extra_groups, cwd="/")

    def give(self, path: Path) -> None:
        """Make this account the owner of the file, or of the folder and all in it."""
        if self.uid is not None and self.gid is not None:
            for item in (path, *path.rglob("*")):
                os.chown(item, self.uid, self.gid, follow_symlinks=False)

    def usable_folder(self, parent: Path, name: str) -> Path:
        """Make `parent/name`, or a folder below /var/lib/lendstream when the account cannot get there.

        Only the execute bit of `parent`, which belongs to the stack, is changed; never one of a folder above.
        """
        folder = parent / name
        folder.mkdir(parents=True, exist_ok=True)
        if self.uid is None:
            return folder
        parent.chmod(parent.stat().st_mode | 0o011)
        if self.can_use(folder):
            return folder
        folder.rmdir()
        try:
            FALLBACK.mkdir(mode=0o755, parents=True, exist_ok=True)
            FALLBACK.chmod(0o755)
            return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=FALLBACK))
        except OSError as error:
            raise StackError(
                f"The account {NAME} can use neither {folder} nor {FALLBACK} ({error.strerror}); set LENDSTREAM_HOME "
                "to a folder that every account may enter, or run as a normal user."
            ) from error


MYSELF = Account()


@cache
def server_account() -> Account:
    """The account for Postgres. Raises StackError when root cannot have one."""
    if os.geteuid() != 0:
        return MYSELF
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        entry = _make_account()
    return Account(entry.pw_uid, entry.pw_gid)


def _make_account() -> pwd.struct_passwd:
    try:
        subprocess.run(["useradd", "--system", "--no-create-home", NAME], check=True, capture_output=True, text=True)
        return pwd.getpwnam(NAME)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        raise StackError(
            f"PostgreSQL refuses to run as root and the account {NAME} cannot be made ({error}); "
            f"make it (useradd --system {NAME}) or run as a normal user."
        ) from error
