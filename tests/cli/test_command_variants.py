"""What the domain can be asked can be typed, without a line for it in the command line."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_group
from typer.testing import CliRunner

from billflow.cli import command_variants, plans
from billflow.cli.fields import sample_of
from billflow.domain.commands import PlanCommand, SetLicenses
from billflow.domain.plan import Schedule

VARIANTS: tuple[type[PlanCommand], ...] = get_args(PlanCommand)


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseUntil:
    """Stand for a command that nobody has written yet."""

    until: datetime
    schedule: Schedule
    amount: int | None = None
    quietly: bool = False
    type: Literal["pause_until"] = "pause_until"


def group_that_collects(seen: list[command_variants.Request]) -> typer.Typer:
    return command_variants.group("command", "Help.", seen.append, command_variants.WHEN_SENT)


@pytest.mark.parametrize("verb", ["command", "signal", "preview"])
def test_every_variant_of_the_union_is_a_command(verb: str) -> None:
    plan = get_group(plans.app)
    group = plan.commands[verb]
    assert isinstance(group, TyperGroup)

    types: list[str] = [str(get_args(variant.__annotations__["type"])[0]) for variant in VARIANTS]

    assert list(group.commands) == [one.replace("_", "-") for one in types]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.__name__)
def test_what_is_typed_arrives_as_the_variant(variant: type[PlanCommand]) -> None:
    seen: list[command_variants.Request] = []

    typed = ["0192f3", command_variants.name_of(variant), *sample_of(variant), "--idempotency-key", "k", "--json"]
    result = CliRunner().invoke(group_that_collects(seen), typed)

    assert result.exit_code == 0, result.output
    assert [type(request.command) for request in seen] == [variant]
    assert (seen[0].plan, seen[0].key, seen[0].as_json) == ("0192f3", "k", True)


def test_values_arrive_as_the_domain_wants_them() -> None:
    seen: list[command_variants.Request] = []

    CliRunner().invoke(group_that_collects(seen), ["p", "set-licenses", "--licenses", "7"])

    assert seen[0].command == SetLicenses(licenses=7)


def test_a_new_variant_is_a_command_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_variants, "VARIANTS", (*VARIANTS, PauseUntil))
    seen: list[Any] = []
    group = command_variants.group("command", "Help.", seen.append, command_variants.WHEN_SENT)

    typed = ["p", "pause-until", "--until", "2027-01-31", "--schedule", "annual", "--quietly"]
    result = CliRunner().invoke(group, typed)

    assert result.exit_code == 0, result.output
    assert seen[0].command == PauseUntil(
        until=datetime(2027, 1, 31, tzinfo=UTC), schedule=Schedule.ANNUAL, quietly=True
    )
