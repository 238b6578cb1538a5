"""One command for many plans in the console: a dry run that changes nothing, then a reason, and each plan once."""

from http import HTTPStatus

import httpx

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


async def test_all_plans_of_a_filtered_list_are_given_a_command_after_a_dry_run(
    env: ApiEnvironment, api: httpx.AsyncClient
) -> None:
    bought_now = [await bought(env, api, name=f"=Batch {n}") for n in range(2)]
    plans = [one.plan["id"] for one in bought_now]
    for one in bought_now:
        (await api.post(f"/api/v1/plans/{one.plan['id']}/commands", json={"type": "switch_to_annual"}))
    batches = env.engine.repositories.plan_batches
    total = (await batches.search(env.org_id, Paging())).total
    wanted = {"status": "switch_to_annual_at_end_of_cycle", "tier": "cloud_standard"}
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        listed = await person.get("/lists/plans", **wanted)
        chosen = await person.get("/operate/batches/make", **wanted)
        form = await person.get("/operate/batches/make/cancel_scheduled_change", **wanted)
        sent = {f"of_{name}": value for name, value in wanted.items()} | {"key": key_in(form)}
        first, again = [await person.post("/operate/batches/make/cancel_scheduled_change", **sent) for _ in range(2)]
        dry = await watched(person, first, "Nothing is changed yet")
        path = first.headers["location"].removeprefix("/console").partition("?")[0]
        before = [(await api.get(f"/api/v1/plans/{plan}")).json()["status"] for plan in plans]
        unsaid = await person.post(f"{path}/confirm", why=" ")
        done = [await person.post(f"{path}/confirm", why="they changed their mind") for _ in range(2)]
        over = await watched(person, done[0], ">finished<")
        csv = await person.get(f"{path}/csv")
        after = [(await api.get(f"/api/v1/plans/{plan}")).json()["status"] for plan in plans]
        all_of_them = await person.get("/operate/batches")

    assert "A command for all of them" in listed.text
    assert "2 plans fit" in chosen.text
    assert first.headers["location"] == again.headers["location"]
    assert (await batches.search(env.org_id, Paging())).total == total + 1
    assert "Switch to annual at end of cycle".lower() in dry.text.lower()
    assert before == ["switch_to_annual_at_end_of_cycle"] * 2
    assert (unsaid.status_code, "Say why" in unsaid.text) == (HTTPStatus.UNPROCESSABLE_ENTITY, True)
    assert [answer.status_code for answer in done] == [HTTPStatus.SEE_OTHER] * 2
    assert "2 done" in over.text
    assert "they changed their mind" in over.text
    assert after == ["active"] * 2
    assert "they changed their mind" in all_of_them.text
    lines = csv.text.splitlines()
    assert lines[0].startswith("plan_id,customer_id,customer_name,tier,status,changes,currency,billed")
    assert {line.split(",")[0] for line in lines[1:]} == set(plans)
    assert all("'=Batch" in line for line in lines[1:])
    for plan in plans:
        timeline = (await api.get(f"/api/v1/plans/{plan}/timeline")).json()["timeline"]
        assert sum("cancel_scheduled_change" in str(entry) for entry in timeline) >= 1


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
