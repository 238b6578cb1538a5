"""`make versions` tests the Pythons that are here, and ends in time without a process or a file of it left."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from scripts.python_versions import SUPPORTED
from tests.source import ROOT
from tests.waiting import PATIENCE

OTHER = next(version for version in SUPPORTED if version != sys.version_info[:2])
NAME = ".".join(map(str, OTHER))
PROGRAM = f"""
import sys
from pathlib import Path
sys.path.insert(0, "{ROOT / "scripts"}")
import python_versions as versions
versions.candidates = lambda version: [Path(path) for path in sys.argv[1:]]
versions.INSTALL_SECONDS = 1
versions.main()
"""
HANGING = f"""#!/bin/sh
[ "$1" = -c ] && exec echo {OTHER[0]} {OTHER[1]}
sleep 600 &
echo $! > "$0.pid"
wait
"""
"""A Python of that version, whose every run but the first starts another process and does not end."""


def run(folder: Path, *candidates: Path) -> "subprocess.CompletedProcess[str]":
    """Run it with these for the Pythons of the machine, and a temporary folder of its own."""
    folder.mkdir()
    command = [sys.executable, "-c", PROGRAM, *map(str, candidates)]
    env = os.environ | {"TMPDIR": str(folder)}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=PATIENCE)


def test_where_no_other_version_is_here_it_says_so_and_passes(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)

    for candidates in ([], [broken], [tmp_path / "nothing"]):
        done = run(tmp_path / f"tmp{len(list(tmp_path.iterdir()))}", *candidates)

        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("here: no other version; not here: ")
        assert NAME in done.stdout


@pytest.mark.full
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives orphans to another parent")
def test_a_version_that_hangs_fails_in_time_and_leaves_nothing(tmp_path: Path) -> None:
    hanging = tmp_path / "python"
    hanging.write_text(HANGING)
    hanging.chmod(0o755)

    done = run(tmp_path / "tmp", hanging)

    assert done.returncode == 1
    assert f"failed on {NAME}" in done.stderr
    assert "took longer than 1 seconds" in done.stdout
    assert not psutil.pid_exists(int((tmp_path / "python.pid").read_text()))
    assert list((tmp_path / "tmp").iterdir()) == []
