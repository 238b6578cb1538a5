"""What somebody meets who reports or changes something."""

import re

import pytest
import yaml

from tests.source import ROOT

TEMPLATES = ROOT / ".github" / "ISSUE_TEMPLATE"


@pytest.mark.parametrize("name", ["fault.yml", "wish.yml"])
def test_a_form_of_an_issue_has_all_that_a_form_needs(name: str) -> None:
    form = yaml.safe_load((TEMPLATES / name).read_text())

    assert {"name", "description", "body"} <= form.keys()
    asked = [part for part in form["body"] if part["type"] != "markdown"]
    assert len({part["id"] for part in asked}) == len(asked) > 0
    assert all(part["attributes"]["label"] for part in asked)


def test_whoever_reports_a_vulnerability_is_told_where_and_what_is_fixed() -> None:
    policy = (ROOT / "SECURITY.md").read_text()

    assert "in private" in policy
    assert "docs/versions.md#who-gets-fixed-versions" in policy
    assert "SECURITY.md" in (TEMPLATES / "fault.yml").read_text()


def test_the_versions_of_python_that_are_supported_are_those_that_are_promised() -> None:
    said = re.search(r"\| Python \| (3\.\d+) to (3\.\d+)", (ROOT / "docs" / "versions.md").read_text())
    classified = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text())

    assert said
    assert [said[1], said[2]] == [classified[0], classified[-1]]
