"""The story of a migration: each of its lines by value, with two organizations, and with all sixteen."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from billflow.demo.migration.old_plans import OldPeriod
from billflow.demo.migration.once import faults
from billflow.demo.migration.story import MigrationOptions, tell_migration


def told(options: MigrationOptions, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, list[str]], list[str]]:
    """Tell the story; return its exit code, its facts by chapter, and what differs."""
    code = tell_migration(options)
    data: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, {one["title"].split(",")[0]: one["facts"] for one in data["chapters"]}, data["differences"]


def beginning(facts: list[str], *begin: str) -> list[str]:
    return [fact for fact in facts if fact.startswith(begin)]


def test_two_organizations_move_in_and_every_line_has_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    code, chapters, differences = told(MigrationOptions(only=2, as_json=True), capsys)

    assert (code, differences) == (0, [])
    past, moving, beside, cutover, billed, once, proved = chapters.values()
    print(json.dumps(chapters, indent=1))
    assert past and moving and beside and cutover and billed and once and proved


@pytest.mark.full
def test_all_sixteen_organizations_are_billed_once_for_every_period(capsys: pytest.CaptureFixture[str]) -> None:
    code, chapters, differences = told(MigrationOptions(as_json=True), capsys)

    assert (code, differences) == (0, []), chapters
    assert len(beginning(chapters["Each period of each organization"], " ")) == 16


def period(start: str, end: str, amount: int) -> OldPeriod:
    return OldPeriod(*(datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (start, end)), amount)


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
