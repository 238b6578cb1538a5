"""The demo of a migration: each of its lines by value, with two organizations, and with all sixteen."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from billflow.demo.migration.chapters import MigrationOptions, run_migration
from billflow.demo.migration.old_plans import OldPeriod
from billflow.demo.migration.once import faults
from tests.cli.terminal import assert_refused, billflow, environment

_ID = re.compile(r"\b([0-9a-f]{8}(-[0-9a-f-]{27})?|clock_\w+)\b|INV-20[-\d]+|(?<=signed on )[\d-]+")
"""What differs from run to run: ids, the numbers of invoices that are made side by side, and the day of the run."""

IMPORT = "billflow import stripe old-account --map prices.toml --test-clock ID --parallel-run"

EXPECTED = {
    "Two years at the old system, 2024-01-02 to 2026-01-05": [
        "Stripe's own client at the emulator, on a test clock: 2 products, 6 prices, 2 coupons, 2 customers",
        "anyio                Team monthly                      25 invoices  USD 1,050",
        "structlog            Team monthly, becomes annual      24 invoices  USD 1,008",
        "49 invoices, 0 prorations: USD 2,058; open nothing",
    ],
    "Moving in": [
        "prices.toml says which tier each product is: team, business",
        f"$ {IMPORT} --read --stripe-test-clock ID --check",
        "  Checked, nothing written; can be imported: 2 customers, 2 plans, 49 invoices.",
        f"$ {IMPORT} --report report.json",
        "  Imported: 2 customers, 2 plans, 49 invoices.",
        "The statements of account charge what Stripe did: USD 2,058",
        "They are open over what is open there: nothing",
    ],
    "Side by side, 2026-01-05 to 2026-04-06: Stripe bills, billflow computes": [
        "2026-01-05 to 2026-02-05: 2 billing dates, 2 equal",
        "2026-02-05 to 2026-03-05: 1 billing date, 1 equal",
        "2026-03-20: somebody gives anyio USD 6.50 instead of USD 7, at Stripe, by hand",
        "2026-03-05 to 2026-04-06: 1 billing date, 1 different",
        "$ billflow parallel-run differences",
        "The report finds what was done by hand, with its cause, and nothing else",
    ],
    "Cutover: each old subscription ends with its period, and billflow begins there": [
        "$ billflow cutover --plans test-clock=ID --reason 'three months compared'",
        "Held back: anyio (invoices_differ), structlog (old_subscription_scheduled)",
        "anyio: what was promised holds, and is agreed here too",
        "$ billflow plan command ID apply-discount --monthly-discounted-price 650 --annual-discounted-price 0",
        "structlog: its schedule is over, and is released at Stripe",
        "2026-04-06 to 2026-05-06: 1 billing date, 1 equal",
        "$ billflow cutover --plans customer=ID --reason 'explained and corrected'",
        "$ billflow cutover --plans customer=ID --reason 'explained and corrected'",
        "Every plan has its cutover",
    ],
    "Billed by billflow, 2026-05-06 to 2027-04-06": [
        "12 invoices: USD 849; open nothing",
        "Every subscription at Stripe is over",
    ],
    "Each period of each organization, once, by the sum over both systems": [
        "anyio                 29 periods by Stripe, 11 by billflow:      USD 1,212 +      USD 429 =      USD 1,641",
        "structlog             25 periods by Stripe,  1 by billflow:      USD 1,428 +      USD 420 =      USD 1,848",
        "Periods and 0 prorations come to what was invoiced: USD 3,489",
        "54 invoices by Stripe: USD 2,640",
        "12 invoices by billflow: USD 849",
        "66 invoices together: USD 3,489",
    ],
    "Proved: by billflow-verify, from the file and a public key alone": [
        "$ billflow audit sign --now",
        "$ billflow invoice proof ID -o anyio.json",
        "Invoice ID over 3900 minor units of USD is proved: 1 line, and the audit log as it was signed on ID.",
        "$ billflow invoice proof ID -o structlog.json",
        "Invoice ID over 42000 minor units of USD is proved: 1 line, and the audit log as it was signed on ID.",
        "With one cent more in it: Line 1 (Cloud Standard - renewal) is over 42001, and comes to 42000.",
    ],
}
"""Every line but what commands answer, which their own tests look at; of those, what the import answers."""


def ran(options: MigrationOptions, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, list[str]], list[str]]:
    """Run it; return its exit code, its facts by chapter, and what differs."""
    code = run_migration(options)
    data: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, {one["title"]: one["facts"] for one in data["chapters"]}, data["differences"]


def plain(facts: list[str]) -> list[str]:
    """Return facts with ids as ID, and of answers those that the import gives."""
    shown = [_ID.sub("ID", fact) for fact in facts]
    return [fact for fact in shown if not fact.startswith("  ") or "mported: " in fact]


@pytest.mark.full
def test_two_organizations_move_in_and_every_line_has_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    code, chapters, differences = ran(MigrationOptions(only=2, as_json=True), capsys)

    assert (code, differences) == (0, [])
    assert {title: plain(facts) for title, facts in chapters.items()} == EXPECTED


@pytest.mark.full
def test_all_sixteen_organizations_are_billed_once_for_every_period(capsys: pytest.CaptureFixture[str]) -> None:
    code, chapters, differences = ran(MigrationOptions(as_json=True), capsys)

    assert (code, differences) == (0, []), chapters
    billed = chapters["Each period of each organization, once, by the sum over both systems"]
    assert sum("periods by Stripe" in fact for fact in billed) == 16


@pytest.mark.parametrize("option", ["--csv", "--catalog", "--example", "--until"])
def test_what_belongs_to_the_other_demo_is_refused_before_anything_starts(option: str) -> None:
    answer = billflow("demo", "--story", "migration", option, "2026-01-31", env=environment())

    assert_refused(answer, f"has its own customers and years; leave out {option}.", code=2)


def period(start: str, end: str, amount: int) -> OldPeriod:
    begin, until = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (start, end))
    return OldPeriod(begin, until, amount)


JANUARY, FEBRUARY = period("2026-01-03", "2026-02-03", 700), period("2026-02-03", "2026-03-03", 700)


@pytest.mark.parametrize(
    ("billed", "found"),
    [
        ([JANUARY, FEBRUARY], []),
        ([JANUARY], ["2026-02-03 to 2026-03-03 costs 700 and was billed never"]),
        ([JANUARY, FEBRUARY, FEBRUARY], ["2026-02-03 to 2026-03-03 costs 700 and was billed [700, 700]"]),
        (
            [period("2026-01-03", "2026-02-03", 699), FEBRUARY],
            ["2026-01-03 to 2026-02-03 costs 700 and was billed [699]"],
        ),
        (
            [JANUARY, FEBRUARY, period("2026-03-03", "2026-03-10", 100)],
            ["2026-03-03 to 2026-03-10 is no period"],
        ),
    ],
    ids=["once", "missed", "twice", "a cent less", "one too many"],
)
def test_a_period_that_is_not_billed_once_at_its_price_is_named(billed: list[OldPeriod], found: list[str]) -> None:
    assert faults([JANUARY, FEBRUARY], billed) == found
