"""An item that can't be billed is refused with its field."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billflow.domain import commands as c
from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.plan import PlanStatus
from tests.domain.builders import DAY, START, at
from tests.domain.test_items import NOW, SET_UP, a_life


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"description": "  "}, "description"),
        ({"description": "x" * 501}, "description"),
        ({"unit_amount": 0}, "unit_amount"),
        ({"unit_amount": -500}, "unit_amount"),
        ({"unit_amount": 10**9 + 1}, "unit_amount"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": -1}, "quantity"),
        ({"quantity": 1_000_001}, "quantity"),
        ({"service_start": at("2024-03-01")}, "service_end"),
        ({"service_end": at("2024-03-01")}, "service_start"),
        ({"service_start": at("2024-03-01"), "service_end": at("2024-03-01")}, "service_end"),
        ({"service_start": at("1999-03-01"), "service_end": at("2024-03-01")}, "service_start"),
    ],
)
def test_a_wrong_item_is_refused_with_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        replace(SET_UP, **changes)
    assert refused.value.field == field


def test_a_unit_is_a_multiple_of_what_the_currency_is_charged_in() -> None:
    life = a_life()
    life.facts = replace(life.facts, plan=replace(life.facts.plan, currency="KWD"))
    with pytest.raises(InvalidInput, match="charged in steps") as refused:
        life.command(replace(SET_UP, unit_amount=1005), START + DAY)
    assert refused.value.field == "unit_amount"


def test_an_ended_plan_takes_no_items() -> None:
    life = a_life()
    life.command(c.EndNow(), START + DAY)
    for command in (SET_UP, NOW, c.WithdrawItem(item=1)):
        with pytest.raises(Refused) as refused:
            life.command(command, START + DAY + timedelta(hours=1))
        assert refused.value.code == "plan_ended"
    assert life.facts.plan.status is PlanStatus.ENDED
