"""The demo in small: bad rows are named, good ones are billed, and a wrong cent is found."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from billflow.demo import run
from billflow.demo.accounts import report_on
from billflow.demo.report import CustomerReport
from billflow.demo.run import DemoOptions, run_demo
from billflow.demo.scenario_run import DemoEnvironment, DemoResult
from billflow.domain.errors import InvalidInput

SEATS = """\
organization,observed_on,members,guests
Alder,2025-01-10,4,0
Alder,2025-02-20,7,3
Birch,2025-01-12,30,
Birch,2025-01-13,30,0
Birch,2025-04-01,41,0
Cedar,2025-01-15,9,0
Cedar,someday,9,0
"""
OWN = """\
[tier.team]
name = "Team"
trial_days = 14
trial_without_card = "cancel"
roles = ["default_trial"]
prices.EUR = { quarterly = 2500, half_yearly = 4800 }
seats = { count = "weights", guest_weight = 25 }
"""
UNTIL = datetime(2025, 6, 1, tzinfo=UTC)


@pytest.fixture
def options(tmp_path: Path) -> DemoOptions:
    """Return what to run: three organizations for a few months."""
    path = tmp_path / "seats.csv"
    path.write_text(SEATS)
    return DemoOptions(csv=path, until=UNTIL, as_json=True)


def test_bad_rows_are_named_by_line_and_reason_and_the_others_are_billed_without_a_difference(
    options: DemoOptions, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_demo(options) == 0

    printed = capsys.readouterr()
    assert "line 4 is left out: guests '' is no whole number" in printed.err
    assert "line 8 is left out: observed_on 'someday' is no date" in printed.err
    told = json.loads(printed.out)
    assert told["differences"] == 0
    assert [customer["name"] for customer in told["customers"]] == ["Alder", "Birch", "Cedar"]
    monthly, annual, trial = told["customers"]
    assert (monthly["invoices"], trial["invoices"]) == (5, 4)
    assert annual["total"] == annual["paid"] > 30 * 8000


@pytest.mark.full
def test_a_catalogue_of_ones_own_is_billed_without_a_difference(
    options: DemoOptions, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "catalog.toml"
    file.write_text(OWN)

    assert run_demo(replace(options, catalog=file)) == 0

    told = json.loads(capsys.readouterr().out)
    assert (told["differences"], {one["currency"] for one in told["customers"]}) == (0, {"EUR"})
    often, seldom, trial = told["customers"]
    assert (often["invoices"], seldom["cycles"], trial["description"]) == (3, 1, "quarterly, 14-day trial")


@pytest.mark.full
def test_a_cent_changed_behind_our_back_is_found_and_the_demo_fails(
    options: DemoOptions, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = "Alder"

    async def tamper_first(env: DemoEnvironment, result: DemoResult) -> CustomerReport:
        if result.scenario.organization.name == first:
            url = env.engine.settings.database_owner_url
            assert url
            async with await psycopg.AsyncConnection.connect(url.get_secret_value()) as owner:
                await owner.execute("SET session_replication_role = replica")
                await owner.execute(
                    "UPDATE invoice SET total = total + 1"
                    " WHERE id = (SELECT max(id::text)::uuid FROM invoice WHERE customer_id = %s)",
                    [result.customer_id],
                )
        return await report_on(env, result)

    monkeypatch.setattr(run, "report_on", tamper_first)

    assert run_demo(options) == 1
    # The recomputation and Stripe's records both disagree with the row.
    assert json.loads(capsys.readouterr().out)["differences"] == 2


def test_a_file_that_is_no_csv_of_seats_is_refused_before_anything_starts(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear customer,\n")

    with pytest.raises(InvalidInput, match="needs the columns organization, observed_on, members, guests"):
        run_demo(DemoOptions(csv=path))
