"""Run the domain and journey tests on every other version of Python that this machine has: `make versions`.

Each version gets a virtual environment of its own with the pinned versions, in a temporary folder, where its bytecode
is too. Every step is bounded in time, what it started ends with it, and a version that is absent is no failure.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from leftovers import adopt_orphans, end, still_running  # type: ignore[import-not-found]  # beside this script
from run_tests import PROCESSES  # type: ignore[import-not-found]

ROOT = Path(__file__).parents[1]
SUPPORTED = tuple((3, minor) for minor in range(11, 15))
TESTS = (*PROCESSES, "tests/domain", "tests/journeys")
INSTALL_SECONDS = 900
TEST_SECONDS = 1200
PROBE = "import sys, ensurepip, venv, ssl, sqlite3; print(*sys.version_info[:2])"

Version = tuple[int, int]


def candidates(version: Version) -> Iterator[Path]:
    """Yield where a Python of this version may be: on the path, and where pyenv and others put theirs."""
    name = ".".join(map(str, version))
    program = f"python{name}"
    if found := shutil.which(program):
        yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    uv = Path.home() / ".local" / "share" / "uv" / "python"
    for folder, pattern in ((pyenv / "versions", f"{name}.*"), (uv, f"cpython-{name}.*"), (Path("/opt"), "*")):
        yield from sorted(folder.glob(f"{pattern}/bin/{program}"), reverse=True)


def is_usable(python: Path, version: Version) -> bool:
    """Tell whether it starts, is of that version, and has what billflow needs of the standard library."""
    try:
        asked = subprocess.run([python, "-c", PROBE], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0 and asked.stdout.split() == [str(part) for part in version]


def others() -> dict[Version, Path]:
    """Return a Python of each supported version that is here, but not of the one that runs this."""
    found = {}
    for version in SUPPORTED:
        usable = (python for python in candidates(version) if is_usable(python, version))
        if version != sys.version_info[:2] and (python := next(usable, None)):
            found[version] = python
    return found


def tested(python: Path, folder: Path) -> bool:
    """Install billflow for *python* into *folder*, run the tests, and tell whether all passed."""
    mine = folder / "venv" / "bin" / "python"
    pip: list[str | Path] = [mine, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    steps: list[tuple[list[str | Path], int]] = [
        ([python, "-m", "venv", folder / "venv"], INSTALL_SECONDS),
        ([*pip, "-c", "constraints.txt", "-e", ".[tests]"], INSTALL_SECONDS),
        ([mine, "scripts/run_tests.py", *TESTS], TEST_SECONDS),
    ]
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "BILLFLOW_TESTS"}}
    environment |= {"TMPDIR": str(folder), "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    try:
        for command, seconds in steps:
            subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=seconds)
    except subprocess.CalledProcessError as failed:
        print(f"{' '.join(map(str, failed.cmd))} ended with {failed.returncode}")
    except subprocess.TimeoutExpired as late:
        print(f"{' '.join(map(str, late.cmd))} took longer than {late.timeout:.0f} seconds")
    else:
        return True
    finally:
        end(still_running(folder))
    return False


def main() -> None:
    """Test each version, and end with 1 where one failed."""
    adopt_orphans()
    found, failed = others(), []
    absent = [version for version in SUPPORTED if version not in found and version != sys.version_info[:2]]
    print(f"here: {_names(list(found)) or 'no other version'}; not here: {_names(absent) or 'none'}", flush=True)
    for version, python in found.items():
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="billflow-python-") as folder:
            Path(folder).chmod(0o755)  # PostgreSQL runs as another user where root starts it
            is_good = tested(python, Path(folder))
        failed += [] if is_good else [version]
        seconds = time.monotonic() - begun
        print(f"Python {_names([version])}: {'passed' if is_good else 'failed'} in {seconds:.0f} s", flush=True)
    if failed:
        sys.exit(f"failed on {_names(failed)}")


def _names(versions: list[Version]) -> str:
    return ", ".join(".".join(map(str, version)) for version in versions)


if __name__ == "__main__":
    main()
