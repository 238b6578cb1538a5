"""A data folder that can't be used is refused in one sentence that names it and a way out."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from billflow.dev.errors import FolderNotOurs, FolderUnusable
from billflow.dev.folder import check_room, claimed, explained, short_path
from billflow.dev.stack import running_stack
from billflow.dev.user import user_for_existing
from billflow.settings import Settings

IS_ROOT = os.geteuid() == 0
NOBODY = 65534


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that everybody may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="billflow-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Let the system judge by `nobody` what root tries."""
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@pytest.mark.skipif(not IS_ROOT, reason="only root can leave files that aren't ours")
def test_a_user_is_told_how_to_go_on_with_a_folder_that_root_has_used(open_folder: Path) -> None:
    folder = open_folder
    with claimed(folder):
        pass

    with as_nobody(), pytest.raises(FolderNotOurs) as refused, explained(folder), claimed(folder):
        pass

    assert refused.value.message == (
        f"You may not write to {folder}/lock, which belongs to root; start billflow as root, "
        f"begin anew with `sudo rm -rf {folder}`, or set BILLFLOW_DATA_DIR to a folder of yours."
    )


@pytest.mark.skipif(not IS_ROOT, reason="only root can leave files that aren't ours")
def test_a_cluster_of_another_user_or_of_root_is_not_served(open_folder: Path) -> None:
    data = open_folder / "postgres"
    data.mkdir()

    with pytest.raises(FolderNotOurs, match=r"belongs to root, as whom PostgreSQL refuses to run; .*chown -R"):
        user_for_existing(data)
    with as_nobody(), pytest.raises(FolderNotOurs, match="which belongs to root; start billflow as root"):
        user_for_existing(data)


@pytest.mark.skipif(IS_ROOT, reason="root may write everywhere")
def test_a_folder_that_cannot_be_made_is_refused_in_one_sentence(home: Path) -> None:
    home.chmod(0o500)

    with (
        pytest.raises(FolderNotOurs, match="or set BILLFLOW_DATA_DIR"),
        explained(home / "data"),
        claimed(home / "data"),
    ):
        pass


async def test_a_data_folder_that_is_a_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").touch()

    with pytest.raises(FolderUnusable, match=r"data can't hold our data \(File exists\); set BILLFLOW_DATA_DIR"):
        async with running_stack(Settings(data_dir=tmp_path / "data")):
            pass


async def test_a_path_that_is_too_long_for_the_servers_is_refused_in_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "/".join(["deep" * 50] * 3)

    with pytest.raises(FolderUnusable, match=r"too long a path for SQLite, which takes 480 bytes; set BILLFLOW_DATA"):
        async with running_stack(Settings(data_dir=folder)):
            pass


def test_too_little_room_is_refused_with_the_folder_and_a_way_out(tmp_path: Path) -> None:
    check_room(tmp_path, 1)

    with pytest.raises(FolderUnusable, match=rf"^{tmp_path} has room for \d+ MB, and 1000000000 MB .* or set BILLFLOW"):
        check_room(tmp_path, 10**9)


def test_a_long_path_is_reached_by_a_short_one_even_where_that_of_temporary_files_is_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("deep" * 25)
    folder.mkdir()
    (folder / "file").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    with short_path(folder, 60) as short:
        assert len(os.fsencode(short)) <= 60
        assert (short / "file").exists()
        assert stat.S_IMODE(short.parent.stat().st_mode) == 0o700
    assert not os.path.lexists(short)
    with short_path(folder, 1000) as same:
        assert same == folder
