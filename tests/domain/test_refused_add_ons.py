"""An add-on that is not sold, or not so, is refused with its field."""

from dataclasses import replace
from typing import Any

import pytest

from billflow.domain import commands as c
from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.lifecycle import take_command
from billflow.domain.plan import Schedule
from tests.domain.builders import DAY
from tests.domain.test_add_ons import START, a_life, holds, sold


@pytest.mark.parametrize(
    ("command", "code", "field", "words"),
    [
        (holds(1, "no_such"), "unknown_add_on", "add_on", "the add-ons are storage, support"),
        (holds(0, "no_such"), "unknown_add_on", "add_on", "the add-ons are storage, support"),
        (holds(0), "no_change", "quantity", "already has 0 of storage"),
        (holds(6, "support"), "too_many_add_ons", "quantity", "5 of Support at most; ask for fewer"),
    ],
)
def test_a_wrong_add_on_is_refused_with_its_field(command: c.SetAddOn, code: str, field: str, words: str) -> None:
    with pytest.raises((Refused, InvalidInput), match=words) as refused:
        a_life().command(command, START + DAY)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"retired": True}, "add_on_retired"),
        ({"tiers": ("cloud_plus",)}, "add_on_not_for_tier"),
        ({"prices": {"EUR": {Schedule.MONTHLY: 1000}}}, "unknown_currency"),
        ({"prices": {"USD": {Schedule.ANNUAL: 1000}}}, "unknown_schedule"),
    ],
)
def test_what_is_not_sold_is_not_added_and_can_always_be_given_up(changes: dict[str, Any], code: str) -> None:
    life = a_life()
    life.command(holds(2, "support"), START + DAY)
    life.facts = replace(life.facts, catalog=sold(**changes))
    if code.startswith("add_on"):
        with pytest.raises((Refused, InvalidInput)) as refused:
            life.command(holds(3, "support"), START + DAY)
        assert refused.value.code == code
    other = a_life()
    other.facts = replace(other.facts, catalog=sold(**changes))
    with pytest.raises((Refused, InvalidInput)) as new:
        other.command(holds(1, "support"), START + DAY)
    assert new.value.code == code
    life.command(holds(0, "support"), START + DAY)


@pytest.mark.parametrize(
    ("quantity", "price", "field"), [(-1, None, "quantity"), (1_000_001, None, "quantity"), (1, -1, "price")]
)
def test_numbers_out_of_range_are_refused_with_their_field(quantity: int, price: int | None, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        c.SetAddOn(add_on="storage", quantity=quantity, price=price)
    assert refused.value.field == field


def test_a_plan_about_to_end_gives_nothing_up_and_may_add() -> None:
    life = a_life()
    life.command(holds(2), START + DAY)
    life.command(c.DowngradeAtEndOfCycle(), START + DAY)
    with pytest.raises(Refused) as refused:
        life.command(holds(1), START + DAY)
    assert refused.value.code == "plan_is_ending"
    assert take_command(life.facts, holds(3), START + DAY).entries[0].licenses == 3
