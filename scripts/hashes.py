"""Write hashes.txt, the wheels of the image by their SHA-256, from pip's own report: `python scripts/hashes.py`.

Run it after every change of pyproject.toml or constraints.txt, and look at what it changed before it is committed.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = ROOT / "hashes.txt"
PYTHON = "3.11"
MACHINES = ("x86_64", "aarch64")
_GLIBC = ("manylinux_2_28_{}", "manylinux_2_17_{}", "manylinux2014_{}")
_HEAD = "# Written by scripts/hashes.py: what the image installs, on each of its machines.\n"

Pins = dict[str, set[str]]


def requirements() -> list[str]:
    """Return what billflow needs, what traces it, and what builds it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    tracing = project["project"]["optional-dependencies"]["otel"]
    return [*project["project"]["dependencies"], *tracing, *project["build-system"]["requires"]]


def pins(machine: str) -> Pins:
    """Return the SHA-256 sums of the wheels for *machine* by `name==version`; downloads what pip must look into."""
    platforms = [word for form in _GLIBC for word in ("--platform", form.format(machine))]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report")
        options = ["--quiet", "--dry-run", "--ignore-installed", "--only-binary=:all:", "--target", folder]
        python = ["--python-version", PYTHON, "--implementation", "cp", *platforms]
        command = [sys.executable, "-m", "pip", "install", *options, *python, "-c", str(ROOT / "constraints.txt")]
        subprocess.run([*command, "--report", str(report), *requirements()], check=True)
        installed = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {
        f"{one['metadata']['name'].lower()}=={one['metadata']['version']}": {
            one["download_info"]["archive_info"]["hashes"]["sha256"]
        }
        for one in installed
    }


def written(found: Pins) -> str:
    """Return the text of the file."""
    lines = [" ".join([name, *(f"--hash=sha256:{one}" for one in sorted(found[name]))]) for name in sorted(found)]
    return _HEAD + "".join(f"{line}\n" for line in lines)


def main() -> None:
    """Write the file."""
    found: Pins = {}
    for machine in MACHINES:
        for name, sums in pins(machine).items():
            found.setdefault(name, set()).update(sums)
    FILE.write_text(written(found), encoding="utf-8")


if __name__ == "__main__":
    main()
