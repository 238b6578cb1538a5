"""The distributions, built once for all tests of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from scripts import release


class Built(NamedTuple):
    """Where what was built is, and each file's SHA-256 after either build."""

    folder: Path
    first: Mapping[str, str]
    second: Mapping[str, str]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build every distribution twice."""
    folder = tmp_path_factory.mktemp("dist")
    return Built(folder, release.build(folder), release.build(tmp_path_factory.mktemp("again")))
