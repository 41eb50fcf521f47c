"""What the server's account may reach: as little as works."""

import os
import stat
from pathlib import Path

import pytest

from app.core.os_account import OsAccount, publish


def mode(path: Path) -> int:
    """The permission bits of path."""
    return stat.S_IMODE(path.stat().st_mode)


def test_publishing_programs_opens_their_folder_and_nothing_above_it(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "package"
    (package / "bin").mkdir(parents=True, mode=0o700)
    program, data = package / "bin" / "program", package / "data"
    program.touch(mode=0o700)
    data.touch(mode=0o600)
    for folder in (tmp_path, package.parent, package):
        folder.chmod(0o700)
    publish(package)
    assert [mode(path) for path in (package, package / "bin", program)] == [0o705] * 3
    assert mode(data) == 0o604
    assert [mode(path) for path in (tmp_path, package.parent)] == [0o700] * 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root prepares folders for another account")
def test_only_parents_that_the_account_cannot_enter_are_changed(tmp_path: Path) -> None:
    closed, open_, own = tmp_path, tmp_path / "open", tmp_path / "open" / "own"
    own.mkdir(parents=True)
    open_.chmod(0o755)
    nobody = OsAccount.of(65534)
    nobody.private_folder(own / "run")
    os.chown(own, nobody.uid, nobody.gid)
    own.chmod(0o700)
    nobody.walk_to(own / "run")
    assert [mode(path) for path in (closed, open_, own)] == [0o701, 0o755, 0o700]
    assert (own / "run").stat().st_uid == nobody.uid


def test_a_private_folder_is_closed_again_when_it_was_opened(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o755)
    OsAccount.of(os.geteuid()).private_folder(tmp_path / "run")
    assert mode(tmp_path / "run") == 0o700


def test_a_link_in_the_place_of_a_private_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").symlink_to(tmp_path)
    with pytest.raises(PermissionError):
        OsAccount.of(os.geteuid()).private_folder(tmp_path / "run")
