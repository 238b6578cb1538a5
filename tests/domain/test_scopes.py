"""Every command says who may give it, and so does every field that gives something away."""

from dataclasses import replace
from typing import get_args

import pytest

from billflow.domain.commands import TRIAL_DAYS, EndNow, PlanCommand, ScheduleTierAtPlanEnd, SetAddOn
from billflow.domain.plan import Schedule
from billflow.domain.scopes import Scope, scopes_of
from billflow.domain.start_request import StartPlan

MONTHLY = StartPlan(tier="cloud_standard", schedule=Schedule.MONTHLY)


@pytest.mark.parametrize("variant", [*get_args(PlanCommand), StartPlan])
def test_a_command_declares_its_scope_itself(variant: type) -> None:
    assert isinstance(vars(variant).get("scope"), Scope), f"{variant.__name__} declares no scope"


@pytest.mark.parametrize(
    ("asked", "needed"),
    [
        (EndNow(), {Scope.WRITE}),
        (EndNow(void_open_invoices=True), {Scope.WRITE, Scope.SUPPORT}),
        (ScheduleTierAtPlanEnd(tier="cloud_plus"), {Scope.WRITE}),
        (ScheduleTierAtPlanEnd(tier="cloud_plus", fixed_price=1), {Scope.WRITE, Scope.SUPPORT}),
        (SetAddOn(add_on="storage", quantity=1), {Scope.WRITE}),
        (SetAddOn(add_on="storage", quantity=1, price=0), {Scope.WRITE, Scope.SUPPORT}),
        (replace(MONTHLY, trial_days=TRIAL_DAYS), {Scope.WRITE}),
        (replace(MONTHLY, trial_days=TRIAL_DAYS + 1), {Scope.WRITE, Scope.SUPPORT}),
        (replace(MONTHLY, fixed_price=1), {Scope.WRITE, Scope.SUPPORT}),
    ],
)
def test_a_field_that_gives_something_away_needs_support(asked: PlanCommand | StartPlan, needed: set[Scope]) -> None:
    assert set(scopes_of(asked)) == needed
