"""Onboarding: each part made once, however often one asks; on hold without Stripe, undone where a rule forbids."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from temporalio.client import WorkflowHandle

from billflow.models.contracts.onboarding import (
    OnboardingInput,
    OnboardingOptions,
    OnboardingPart,
    OnboardingProgress,
    OnboardingStatus,
    PartProgress,
    PartStatus,
    ReportPartInput,
)
from billflow.ports.database import NoDatabase
from billflow.store.session.database import Database
from billflow.wiring.workers import onboarding_activities
from billflow.workflows.onboarding import OnboardingWorkflow
from tests.api_environment import ApiEnvironment, until
from tests.customers.fixtures import Json, at, created, events_of
from tests.waiting import PATIENCE

TRIAL = {"plan": {"tier": "cloud_standard", "schedule": "monthly", "trial_days": 14}}


async def progress(api: httpx.AsyncClient, customer: Json) -> dict[str, Any]:
    return dict((await api.get(at(customer, "onboard"))).json())


def parts(shown: dict[str, Any]) -> dict[str, str]:
    return {part["part"]: part["status"] for part in shown["parts"]}


async def reaches(api: httpx.AsyncClient, customer: Json, status: str) -> dict[str, Any]:
    async def is_there() -> bool:
        return bool((await progress(api, customer))["status"] == status)

    await until(is_there)
    return await progress(api, customer)


def workflow_of(env: ApiEnvironment, customer: Json) -> WorkflowHandle[OnboardingWorkflow, OnboardingProgress]:
    return env.engine.client.get_workflow_handle_for(OnboardingWorkflow.run, f"onboarding/{customer['id']}")


async def ended(env: ApiEnvironment, customer: Json) -> OnboardingProgress:
    """Wait for the workflow itself to be over, and return its answer."""
    return await workflow_of(env, customer).result()


async def test_a_new_customer_gets_all_it_needs_and_a_trial(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await created(api)

    begun = await api.post(at(customer, "onboard"), json={"project": {"name": "Sales"}, **TRIAL})
    shown = await reaches(api, customer, "done")

    results = {part["part"]: part["result"] for part in shown["parts"]}
    known = (await api.get(at(customer))).json()
    projects = (await api.get(at(customer, "projects"))).json()["projects"]
    plan = (await api.get(f"/api/v1/plans/{results['trial_plan']}")).json()
    assert (begun.status_code, begun.json()["status"]) == (202, "running")
    assert set(parts(shown).values()) == {"done"}
    assert results["deployment"] == known["deployment_id"]
    assert results["billing_account"] == known["billing_account"]["id"]
    assert results["stripe_customer"] == known["billing_account"]["stripe_customer_id"]
    assert [(row["id"], row["name"]) for row in projects] == [(results["first_project"], "Sales")]
    assert (plan["status"], plan["customer_id"]) == ("free_trial", customer["id"])
    assert "customer.onboarded" in await events_of(env, customer)


@pytest.mark.full
async def test_the_workflow_itself_tells_how_far_it_came(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await created(api)
    await api.post(at(customer, "onboard"))

    told = await ended(env, customer)

    assert await workflow_of(env, customer).query(OnboardingWorkflow.progress) == told
    assert parts(await progress(api, customer)) == {part.part: part.status for part in told.parts}
    assert parts(await progress(api, customer))["trial_plan"] == "skipped"


async def test_asking_again_and_at_once_makes_everything_once(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await created(api)

    answers = await asyncio.gather(*(api.post(at(customer, "onboard"), json=TRIAL) for _ in range(5)))
    await reaches(api, customer, "done")
    late = await api.post(at(customer, "onboard"), json=TRIAL)

    found = await env.engine.stripe.v1.customers.list_async({"email": customer["email"]})
    assert {answer.status_code for answer in answers} == {202}
    assert late.json()["status"] == "done"
    assert len(found.data) == 1
    assert (await api.get(at(customer, "projects"))).json()["total"] == 1
    assert (await api.get("/api/v1/plans", params={"customer_id": customer["id"]})).json()["total"] == 1


@pytest.mark.full
async def test_a_refused_trial_takes_the_project_back_and_may_be_tried_again(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await created(api)
    plan = {"tier": "self_hosted_basic", "schedule": "monthly"}

    await api.post(at(customer, "onboard"), json={"plan": plan})
    failed = await reaches(api, customer, "failed")
    await ended(env, customer)
    left = (await api.get(at(customer, "projects"))).json()["total"]
    await api.post(at(customer, "onboard"), json=TRIAL)
    done = await reaches(api, customer, "done")

    refused = failed["parts"][-1]
    assert (refused["status"], refused["code"]) == ("failed", "tier_not_for_deployment")
    assert "self_hosted" in refused["message"]
    assert set(parts(done).values()) == {"done"}
    assert left == 0
    assert "customer.onboarding_failed" in await events_of(env, customer)


@pytest.mark.full
async def test_a_project_the_customer_had_before_is_not_taken_back(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await created(api)
    await api.post(at(customer, "projects"), json={"name": "Mine"})

    await api.post(at(customer, "onboard"), json={"plan": {"tier": "self_hosted_basic", "schedule": "monthly"}})
    await reaches(api, customer, "failed")
    await ended(env, customer)

    assert [row["name"] for row in (await api.get(at(customer, "projects"))).json()["projects"]] == ["Mine"]


@asynccontextmanager
async def stripe_refuses(env: ApiEnvironment, customer: Json) -> AsyncIterator[None]:
    """Let Stripe refuse to make that customer, until the end."""
    error = {"type": "invalid_request_error", "code": "email_invalid", "message": "planned"}
    rule = {"fault": "status", "status": 400, "body": {"error": error}, "key": f"customer/{customer['id']}/*"}
    base = str(env.engine.settings.stripe_api_base)
    async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=PATIENCE) as control:
        planned = await control.post("/_sim/faults", json={"requests": [rule]})
        assert planned.status_code == 200, planned.text
        yield
        await control.delete("/_sim/faults")


async def test_without_stripe_it_is_on_hold_and_goes_on_when_asked(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await created(api)
    async with stripe_refuses(env, customer):
        await api.post(at(customer, "onboard"), json=TRIAL)
        on_hold = await reaches(api, customer, "on_hold")

    await api.post(at(customer, "onboard"))
    done = await reaches(api, customer, "done")

    assert on_hold["parts"][2]["code"] == "email_invalid"
    assert parts(on_hold)["first_project"] == "pending"
    assert set(parts(done).values()) == {"done"}


async def test_a_database_that_is_away_fails_no_part_but_has_it_tried_again(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await created(api)
    away = Database("postgresql://nobody@127.0.0.1:1/away")
    activities = onboarding_activities(env.engine.on(away))
    ask = OnboardingInput(
        org_id=env.org_id, customer_id=customer["id"], actor="tests", options=OnboardingOptions(), at=datetime.now(UTC)
    )

    with pytest.raises(NoDatabase):
        await activities.check_account(ask)
    await away.close()


async def test_a_customer_that_was_never_onboarded_says_so(api: httpx.AsyncClient) -> None:
    customer = await created(api)

    answer = await api.get(at(customer, "onboard"))

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"plan": {"tier": "gold", "schedule": "monthly"}}, "unknown_tier"),
        ({"plan": {"tier": "cloud_standard", "schedule": "weekly"}}, "not_one_of"),
        ({"plan": {"tier": "cloud_standard", "schedule": "monthly", "trial_days": -1}}, "invalid_input"),
        ({"project": {"name": ""}}, "too_short"),
    ],
)
async def test_a_wrong_wish_begins_nothing(api: httpx.AsyncClient, bad: dict[str, object], code: str) -> None:
    customer = await created(api)

    answer = await api.post(at(customer, "onboard"), json=bad)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await api.get(at(customer, "onboard"))).status_code == 404


async def test_what_comes_of_a_part_after_its_customer_was_erased_stops_nothing(env: ApiEnvironment) -> None:
    customer = (await env.customer(card=None)).customer_id
    part = PartProgress(part=OnboardingPart.DEPLOYMENT, status=PartStatus.DONE)
    report = ReportPartInput(org_id=env.org_id, customer_id=customer, status=OnboardingStatus.RUNNING, progress=part)

    told = await env.engine.repositories.onboardings.record_part(report)

    assert (told.customer_id, told.parts) == (customer, (part,))
