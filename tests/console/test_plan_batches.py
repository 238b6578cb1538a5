"""One command for many plans in the console: a dry run that changes nothing, then a reason, and each plan once."""

from http import HTTPStatus

import httpx
import pytest

from billflow.models.contracts.console import ConsoleRole
from billflow.models.contracts.records import Paging
from tests.api_environment import ApiEnvironment, until
from tests.console.people import ConsolePerson, bought, browsing
from tests.console.test_actions import key_in


async def watched(person: ConsolePerson, answer: httpx.Response, text: str) -> httpx.Response:
    """Follow a form to the page of its batch, and draw that again until it says something."""
    assert answer.status_code == HTTPStatus.SEE_OTHER, answer.text
    path = answer.headers["location"].removeprefix("/console").partition("?")[0]
    pages: list[httpx.Response] = []

    async def says() -> bool:
        pages.append(await person.get(path, watch="yes"))
        return text in pages[-1].text

    await until(says)
    return pages[-1]


CANCEL = "/operate/batches/make/cancel_scheduled_change"
SCHEDULED = "switch_to_annual_at_end_of_cycle"
WANTED = {"status": SCHEDULED, "tier": "cloud_standard"}


async def scheduled(env: ApiEnvironment, api: httpx.AsyncClient) -> list[str]:
    """Return two plans that are to renew annually, of customers whose names would be formulas."""
    plans = [(await bought(env, api, name=f"=Batch {n}")).plan["id"] for n in range(2)]
    for plan in plans:
        answer = await api.post(f"/api/v1/plans/{plan}/commands", json={"type": "switch_to_annual"})
        answer.raise_for_status()
    return plans


async def statuses(api: httpx.AsyncClient, plans: list[str]) -> list[str]:
    """Return where plans stand."""
    return [(await api.get(f"/api/v1/plans/{plan}")).json()["status"] for plan in plans]


async def test_all_plans_of_a_filtered_list_are_given_a_command_after_a_dry_run(
    env: ApiEnvironment, api: httpx.AsyncClient
) -> None:
    plans, batches = await scheduled(env, api), env.engine.repositories.plan_batches
    total = (await batches.search(env.org_id, Paging())).total
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        listed, chosen = await person.get("/lists/plans", **WANTED), await person.get("/operate/batches/make", **WANTED)
        sent = {f"of_{name}": value for name, value in WANTED.items()}
        sent["key"] = key_in(await person.get(CANCEL, **WANTED))
        first, again = [await person.post(CANCEL, **sent) for _ in range(2)]
        dry = await watched(person, first, "Nothing is changed yet")
        before = await statuses(api, plans)
        path = first.headers["location"].removeprefix("/console").partition("?")[0]
        unsaid = await person.post(f"{path}/confirm", why=" ")
        done = [await person.post(f"{path}/confirm", why="they changed their mind") for _ in range(2)]
        over = await watched(person, done[0], ">finished<")
        csv, shown = await person.get(f"{path}/csv"), await person.get("/operate/batches")

    assert "A command for all of them" in listed.text
    assert "2 plans fit" in chosen.text
    assert first.headers["location"] == again.headers["location"]
    assert (await batches.search(env.org_id, Paging())).total == total + 1
    assert "Status: switch to annual at end of cycle → <strong>active</strong>" in dry.text
    assert before == [SCHEDULED] * 2
    assert (unsaid.status_code, "Say why" in unsaid.text) == (HTTPStatus.UNPROCESSABLE_ENTITY, True)
    assert "2 done" in over.text
    assert all("they changed their mind" in page.text for page in (over, shown))
    assert await statuses(api, plans) == ["active"] * 2
    head, *lines = csv.text.splitlines()
    assert head.startswith("plan_id,customer_id,customer_name,tier,status,changes,currency,billed")
    assert {line.split(",")[0] for line in lines} == set(plans)
    assert all("'=Batch" in line for line in lines)


@pytest.mark.full
async def test_a_batch_is_stopped_before_it_does_anything(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    one = await bought(env, api, name="Batch stopped")
    asked = {"command": {"type": "downgrade_at_end_of_cycle"}, "plans": {"customer_id": one.customer["id"]}}
    made = (await api.post("/api/v1/plan-batches", json=asked)).raise_for_status().json()
    path = f"/operate/batches/{made['id']}"
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        stopped = await person.post(f"{path}/cancel", why="wrong customers")
        page = await person.get(path)
        late = await person.post(f"{path}/confirm", why="after all")

    assert stopped.status_code == HTTPStatus.SEE_OTHER
    assert ">canceled<" in page.text
    assert "Give it to" not in page.text
    assert (late.status_code, "The batch was canceled" in late.text) == (HTTPStatus.CONFLICT, True)
    assert (await api.get(f"/api/v1/plans/{one.plan['id']}")).json()["status"] == "active"


@pytest.mark.full
async def test_a_viewer_sees_a_batch_and_no_form_for_it(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    one = await bought(env, api, name="Batch seen")
    asked = {"command": {"type": "retry"}, "plans": {"customer_id": one.customer["id"]}}
    made = (await api.post("/api/v1/plan-batches", json=asked)).raise_for_status().json()
    async with browsing(env, ConsoleRole.VIEWER) as person:
        page = await person.get(f"/operate/batches/{made['id']}")
        form = await person.get("/operate/batches/make/retry", tier="cloud_standard")
        listed = await person.get("/lists/plans", tier="cloud_standard")

    assert "Batch seen" in page.text
    assert 'name="why"' not in page.text
    assert "Dry run</button>" not in form.text
    assert "A command for all of them" not in listed.text
