"""The image installs the very files that were looked at: each by its SHA-256, in the version that is tested."""

import re

from scripts.hashes import FILE, ROOT, requirements

PIN = re.compile(r"(?P<name>[a-z0-9._-]+)==(?P<version>[^ ]+)(?: --hash=sha256:[0-9a-f]{64}){1,2}")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def hashed() -> dict[str, str]:
    lines = [line for line in FILE.read_text().splitlines() if not line.startswith("#")]
    found = [PIN.fullmatch(line) for line in lines]
    assert all(found), lines
    return {normal(one["name"]): one["version"] for one in found if one}


def test_every_version_is_the_tested_one() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    tested = {normal(name): version for name, _, version in (line.partition("==") for line in lines) if version}

    assert {name: tested.get(name) for name in hashed()} == hashed()


def test_everything_that_billflow_names_is_there() -> None:
    named = [re.match(r"[A-Za-z0-9._-]+", one) for one in requirements()]

    assert {normal(one[0]) for one in named if one} - hashed().keys() == set()


def test_the_file_names_no_host_and_the_image_takes_nothing_else() -> None:
    installs = re.findall(r"pip install (.*)", (ROOT / "Dockerfile").read_text())

    assert "://" not in FILE.read_text()
    assert len(installs) == 2
    assert "--require-hashes" in installs[0]
    assert {"--no-deps", "--no-build-isolation"} <= {*installs[1].split()}
