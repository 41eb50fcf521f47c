"""The operating-system account that the database server runs as, and what that account may reach.

PostgreSQL refuses to run as root, so root starts it as another account. This module owns the little
that needs: handing a folder to that account, and letting it walk there. It widens permissions by
the least that works: parent folders get the search bit (o+x) where it is missing, never read or
write. It creates no accounts and starts no processes.
"""

import errno
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypedDict

PRIVATE = 0o700


class SpawnOptions(TypedDict, total=False):
    """The keywords of `subprocess` that make a child run as an account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class OsAccount:
    """An account of the operating system: its name, user id and primary group id."""

    name: str
    uid: int
    gid: int

    @classmethod
    def of(cls, uid: int) -> Self:
        """The account with this user id; KeyError when the system knows no name for it."""
        entry = pwd.getpwuid(uid)
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)

    @property
    def is_current(self) -> bool:
        """Whether this process runs as the account."""
        return self.uid == os.geteuid()

    def spawn_options(self) -> SpawnOptions:
        """How `subprocess` starts a child as this account; nothing when it is the current one."""
        if self.is_current:
            return {}
        groups = os.getgrouplist(self.name, self.gid)
        return {"user": self.uid, "group": self.gid, "extra_groups": groups}

    def take(self, path: Path) -> None:
        """Make path (one file or folder, not what is in it) the account's own."""
        if not self.is_current:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def private_folder(self, path: Path) -> None:
        """Make path a folder (0700) of this account; PermissionError when it is another's."""
        try:
            path.mkdir(mode=PRIVATE)
        except FileExistsError:
            pass
        else:
            self.take(path)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.uid:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))
        path.chmod(PRIVATE)

    def walk_to(self, path: Path) -> None:
        """Add the search bit for others (o+x, nothing else) to parents of path that lack it."""
        if self.is_current:
            return
        for folder in path.parents:
            found = folder.stat()
            if found.st_uid != self.uid and not found.st_mode & stat.S_IXOTH:
                folder.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)


def publish(tree: Path) -> None:
    """Let everybody read what is in tree (programs installed under a strict umask), not above it."""
    for path in (tree, *tree.rglob("*")):
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode) or (stat.S_ISREG(mode) and mode & stat.S_IXUSR):
            path.chmod(stat.S_IMODE(mode) | stat.S_IROTH | stat.S_IXOTH)
        elif stat.S_ISREG(mode):
            path.chmod(stat.S_IMODE(mode) | stat.S_IROTH)
