"""Build every distribution twice, check them, and write the notes; nothing is sent anywhere: `make release`.

What is built is in `dist`. The same commit gives the same bytes: times are those of the commit.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
PACKAGES = ("packages/client", "packages/emulator", "packages/verify")
NOTES = "release-notes"
COMMANDS = """
This was the dry run; docs/releasing.md says what comes before. To publish it, where the tests have passed:

    git tag --sign v{version} --file dist/{notes} && git push origin v{version}
    twine upload dist/*.whl dist/*.tar.gz
"""


class NotReleasable(Exception):
    """What is there can't be released."""


def version() -> str:
    """Return the version that the project has."""
    found: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return found


def notes(changelog: str, number: str) -> str:
    """Return what the changelog says is new: what is unreleased, else what it says of version *number*.

    Raises `NotReleasable` where it says neither.
    """
    parts = re.split(r"^## \[(.+?)\].*\n", changelog, flags=re.MULTILINE)[1:]
    said = {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}
    if unreleased := said.get("Unreleased"):
        return f"# billflow after {number}\n\n{unreleased}\n"
    if number not in said:
        raise NotReleasable(f"CHANGELOG.md says nothing under [Unreleased] nor [{number}].")
    return f"# billflow {number}\n\n{said[number]}\n"


def commit_time() -> str:
    """Return when the commit was made, in seconds since 1970; outside of a checkout what SOURCE_DATE_EPOCH says."""
    if named := os.environ.get("SOURCE_DATE_EPOCH"):
        return named
    git = shutil.which("git") or "git"
    asked = subprocess.run([git, "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=True)
    return asked.stdout.strip()


def build(target: Path) -> Mapping[str, str]:
    """Build the sdist, and from that every wheel; return the SHA-256 of each by its name."""
    _build(ROOT, target)
    [sdist] = target.glob("*.tar.gz")
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(sdist, folder, filter="data")
        [source] = Path(folder).iterdir()
        for package in PACKAGES:
            _build(source / package, target, "--wheel")
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(target.iterdir())}


def _build(source: Path, target: Path, *options: str) -> None:
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), *options, str(source)]
    environment = os.environ | {"SOURCE_DATE_EPOCH": commit_time()}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise NotReleasable(f"{source} can't be built:\n{done.stdout}{done.stderr}")


def check(files: Mapping[str, str], again: Mapping[str, str]) -> None:
    """Look at what was built; raises `NotReleasable` where another build gave others, or a tool refuses it."""
    if files != again:
        different = sorted(name for name in files.keys() | again.keys() if files.get(name) != again.get(name))
        raise NotReleasable(f"Two builds of the same commit differ in {', '.join(different)}.")
    paths = [str(DIST / name) for name in files]
    wheels = [path for path in paths if path.endswith(".whl")]
    _run("twine", "check", "--strict", *paths)
    _run("check_wheel_contents", "--config", str(ROOT / "pyproject.toml"), *wheels)


def _run(module: str, *arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotReleasable(f"{module} refuses what was built:\n{done.stdout}{done.stderr}")


def main() -> None:
    """Do all of it; end with 1 and a sentence where something is wrong."""
    try:
        text = notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version())
        shutil.rmtree(DIST, ignore_errors=True)
        files = build(DIST)
        with tempfile.TemporaryDirectory() as folder:
            check(files, build(Path(folder)))
    except NotReleasable as problem:
        sys.exit(str(problem))
    (DIST / NOTES).write_text(text, encoding="utf-8")
    for name, digest in files.items():
        print(f"{digest}  {name}")
    print(COMMANDS.format(version=version(), notes=NOTES))


if __name__ == "__main__":
    main()
