"""Whoever knows how billflow names what it does by itself can't take such a key: an attack on each namespace."""

import httpx
import pytest

from billflow.activities.steps import StepActivities
from billflow.domain.commands import EndNow
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.steps import CommandInput
from tests.api.test_plans import started, the_invoice
from tests.api_environment import ApiEnvironment

OFFER = {"tier": "cloud_standard", "monthly_discounted_price": 600, "annual_discounted_price": 6000}


async def commanded(api: httpx.AsyncClient, plan_id: str, kind: str, key: str) -> httpx.Response:
    """Give a plan a command under a key."""
    path = f"/api/v1/plans/{plan_id}/commands"
    return await api.post(path, json={"type": kind}, headers={"Idempotency-Key": key})


async def offered(api: httpx.AsyncClient, customer_id: str) -> str:
    """Make a customer an offer and return its id."""
    answer = await api.post(f"/api/v1/customers/{customer_id}/offers", json=OFFER)
    assert answer.status_code == 201
    return str(answer.json()["offer"]["id"])


async def test_dunning_ends_a_plan_whose_client_has_used_the_key_of_its_collection(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await env.customer()
    plan_id = str((await started(api, customer_id=customer.customer_id)).json()["plan"]["id"])
    invoice_id = str((await the_invoice(api, plan_id))["id"])
    state = await env.engine.plans.live_plan(env.org_id, customer.customer_id)
    assert state

    attack = await commanded(api, plan_id, "switch_to_annual", f"collection/{invoice_id}")
    ending = CommandInput(
        plan=state.ref,
        at=state.billing_cycle_anchor,
        command_id=KeyNamespace.COLLECTION.key(invoice_id),
        command=EndNow(),
        actor="dunning",
    )
    ended = await StepActivities(env.engine.repositories.plans).take_command(ending)

    assert attack.status_code == 200
    assert ended.state.status is PlanStatus.ENDED


@pytest.mark.full
async def test_an_offer_is_withdrawn_with_its_purchase_though_a_client_has_used_the_key_of_that(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await env.customer(card=None)
    offer_id = await offered(api, customer.customer_id)
    path = f"/api/v1/customers/{customer.customer_id}/offers/{offer_id}"
    choice = {"schedule": "monthly", "licenses": 5, "license_management": "manual", "collection_method": "send_invoice"}
    plan_id = str((await api.post(f"{path}/accept", json=choice)).json()["plan"]["id"])

    await commanded(api, plan_id, "retry", f"withdraw/{offer_id}")
    withdrawn = await api.delete(path)

    assert (withdrawn.status_code, withdrawn.json()["status"]) == (200, "withdrawn")
    assert (await api.get(f"/api/v1/plans/{plan_id}")).json()["status"] == "ended"


@pytest.mark.full
async def test_an_offer_starts_its_own_plan_though_a_client_has_used_the_key_of_its_acceptance(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    attacker, customer = await env.customer(), await env.customer()
    offer_id = await offered(api, customer.customer_id)
    asked = {"customer_id": attacker.customer_id, "tier": "cloud_standard", "schedule": "monthly"}
    for key in (f"offer/{offer_id}/yes", f"offer/{offer_id}/client/yes"):
        await api.post("/api/v1/plans", json=asked, headers={"Idempotency-Key": key})

    path = f"/api/v1/customers/{customer.customer_id}/offers/{offer_id}/accept"
    accepted = await api.post(path, json={"schedule": "monthly"}, headers={"Idempotency-Key": "yes"})

    assert (accepted.status_code, accepted.json()["plan"]["customer_id"]) == (201, customer.customer_id)


@pytest.mark.full
async def test_a_command_is_not_answered_with_what_starting_the_plan_was_answered(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await env.customer()
    plan_id = str((await started(api, customer_id=customer.customer_id)).json()["plan"]["id"])

    answer = await commanded(api, plan_id, "downgrade_at_end_of_cycle", f"started/{plan_id}")

    assert (answer.status_code, answer.json()["plan"]["status"]) == (200, "downgrade_at_end_of_cycle")
