"""A key of scope `write` does nothing that `support` is for, by no command, field or detour."""

from typing import Any

import pytest

from billflow.domain.scopes import Scope
from tests.api_environment import ApiEnvironment
from tests.sizes import further

COMMANDS: list[dict[str, Any]] = [
    {"type": "apply_discount", "monthly_discounted_price": 1, "annual_discounted_price": 1},
    {"type": "end_now", "void_open_invoices": True},
    {"type": "schedule_tier_at_plan_end", "tier": "cloud_plus", "fixed_price": 1},
    {"type": "extend_trial", "days": 1},
    {"type": "add_item", "description": "Set-up", "unit_amount": 1},
    {"type": "withdraw_item", "item": 1},
]
PLAN = {"tier": "cloud_standard", "schedule": "monthly"}


@pytest.mark.parametrize("command", [COMMANDS[0], *further(*COMMANDS[1:])], ids=lambda command: str(command["type"]))
async def test_a_command_that_gives_something_away_is_refused_and_takes_no_step(
    env: ApiEnvironment, command: dict[str, Any]
) -> None:
    customer = await env.customer()
    async with env.client(await env.key(Scope.READ, Scope.WRITE)) as client:
        asked = PLAN | {"customer_id": customer.customer_id, "license_management": "manual", "licenses": 3}
        plan = (await client.post("/api/v1/plans", json=asked)).raise_for_status().json()["plan"]
        before = (await client.get(f"/api/v1/plans/{plan['id']}")).json()

        refused = await client.post(f"/api/v1/plans/{plan['id']}/commands", json=command)

        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
        assert (await client.get(f"/api/v1/plans/{plan['id']}")).json() == before


@pytest.mark.parametrize("way", ["/api/v1/plans", "/api/v1/customers/{}/onboard"])
async def test_a_trial_longer_than_everybodys_is_supports_to_grant(env: ApiEnvironment, way: str) -> None:
    customer = await env.customer()
    trial = PLAN | {"trial_days": 365}
    asked = trial | {"customer_id": customer.customer_id} if way.endswith("plans") else {"plan": trial}
    async with env.client(await env.key(Scope.READ, Scope.WRITE)) as client:
        refused = await client.post(way.format(customer.customer_id), json=asked)

    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (403, "scope_missing")
    assert "trial_days needs the scope support" in problem["detail"]
