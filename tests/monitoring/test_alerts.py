"""Each alert fires where its cause was made in a running stack, and tells what to do."""

import re
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from billflow.cli.app import app
from tests.monitoring.causes import CAUSES
from tests.monitoring.promtool import ALERTS, PROMTOOL, alerts, assert_fires, needs_promtool
from tests.monitoring.stack import Monitored
from tests.sizes import further
from tests.source import ROOT

QUICK = "BillflowStripeRateLimited"


@needs_promtool
def test_promtool_accepts_the_rules() -> None:
    checked = subprocess.run(
        [PROMTOOL, "check", "rules", "--lint-fatal", str(ALERTS)], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_alert_has_a_cause_that_is_made() -> None:
    assert sorted(CAUSES) == sorted(alerts())


@needs_promtool
@pytest.mark.parametrize("alert", [QUICK, *further(*(name for name in CAUSES if name != QUICK))])
async def test_an_alert_is_quiet_until_its_cause_is_made_and_fires_then(
    monitored: Monitored, alert: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = await CAUSES[alert](monitored, monkeypatch)

    assert_fires(alert, incident, tmp_path)


@pytest.mark.parametrize("alert", alerts())
def test_an_alert_names_a_section_of_the_runbook(alert: str) -> None:
    path, _, anchor = alerts()[alert]["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^## (.+)$", (ROOT / path).read_text(), re.MULTILINE)

    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("alert", alerts())
def test_the_command_of_an_alert_can_be_typed(alert: str) -> None:
    program, *words = alerts()[alert]["annotations"]["command"].split()
    if program == "curl":
        assert words[-1].startswith("localhost:8001/")
        return
    assert program == "billflow"
    get_command(app).main([*words, "--help"], standalone_mode=False)
