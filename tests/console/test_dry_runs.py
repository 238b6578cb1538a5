"""Dry runs in the console: a form with texts or files, how far one is, and what it found."""

from http import HTTPStatus

import httpx
import pytest

from billflow.models.contracts.console import ConsoleRole
from billflow.models.contracts.records import Paging
from tests.api_environment import ApiEnvironment
from tests.console.people import Acme, ConsolePerson, bought, browsing, tried
from tests.console.test_actions import key_in
from tests.console.test_plan_batches import watched

MAKE = "/operate/dry-runs/make"


async def begun(person: ConsolePerson, **form: str) -> httpx.Response:
    return await person.post(MAKE, key=key_in(await person.get(MAKE)), **form)


async def test_a_change_is_typed_tried_and_its_result_shown(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    found, dry_runs = await bought(env, api), env.engine.repositories.dry_runs
    total = (await dry_runs.search(env.org_id, Paging())).total
    asked = {"customer_id": found.customer["id"], "dunning": 'retry_after_days = [2]\nend_plan_after_days = "off"'}
    async with browsing(env, ConsoleRole.FINANCE) as person:
        key = key_in(await person.get(MAKE))
        first, again = [await person.post(MAKE, key=key, **asked) for _ in range(2)]
        shown = await watched(person, first, "finished")
        listed = await person.get("/operate/dry-runs")

    assert first.headers["location"] == again.headers["location"]
    assert (await dry_runs.search(env.org_id, Paging())).total == total + 1
    assert "No plan is billed otherwise." in shown.text
    assert "<dt>Otherwise than today</dt><dd>dunning</dd>" in shown.text
    assert found.customer["id"] in shown.text
    assert first.headers["location"].partition("?")[0] in listed.text


@pytest.mark.full
async def test_the_result_has_causes_months_and_every_plan_with_its_lines(
    env: ApiEnvironment, api: httpx.AsyncClient
) -> None:
    found = await bought(env, api)
    run = await tried(api, found)
    async with browsing(env, ConsoleRole.VIEWER) as person:
        page = await person.get(f"/operate/dry-runs/{run}")
        csv = await person.get(f"/operate/dry-runs/{run}/lines.csv")
        debts = await person.get(f"/operate/dry-runs/{run}/debts.csv")
        report = await person.get(f"/operate/dry-runs/{run}/report.html")

    assert "1 plan of 1 would be billed otherwise." in page.text
    assert '<th scope="row">Price</th>' in page.text
    assert "What changes most" in page.text
    assert f"#plan-{found.plan['id']}" in page.text
    assert "Try a change" not in page.text
    assert csv.text.splitlines()[0].startswith("plan,customer,tier")
    assert found.plan["id"] in csv.text
    assert debts.text.splitlines()[0].startswith("invoice,number,plan")
    assert 'filename="dry-run.html"' in report.headers["content-disposition"]
    assert "sandbox" in report.headers["content-security-policy"]
    assert found.plan["id"] in report.text


async def test_what_can_not_be_read_is_said_and_what_was_typed_stays(env: ApiEnvironment) -> None:
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        no_toml = await begun(person, catalog="tier = [")
        half = await begun(person, reprice_tier="cloud_standard")
        wrong = await begun(person, dunning="retry_after_days = [5, 1]", until="2030-01-31T09:30")
        past = await begun(person, until="2020-01-31T09:30")
        keyless = await person.post(MAKE, until="")
        file = {"catalog_file": ("catalog.toml", b"tier = {}")}
        data = {"csrf_token": person.csrf_token, "key": key_in(await person.get(MAKE)), "catalog": "tier = {}"}
        headers = person._headers()
        both = await person.http.post(f"/console{MAKE}", data=data, files=file, headers=headers)

    assert {one.status_code for one in (no_toml, half, wrong, keyless, both)} == {HTTPStatus.UNPROCESSABLE_ENTITY}
    assert "The catalogue is no TOML" in no_toml.text
    assert "tier = [</textarea>" in no_toml.text
    assert "Say from when" in half.text
    assert "the earliest first" in wrong.text
    assert 'value="2030-01-31T09:30"' in wrong.text
    assert "until has passed" in past.text
    assert "has lost its key" in keyless.text
    assert "is pasted and uploaded" in both.text


@pytest.mark.full
async def test_an_uploaded_file_is_what_is_tried(env: ApiEnvironment, acme: Acme) -> None:
    file = {"dunning_file": ("dunning.toml", b"suspend_customer = false\n")}
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        key = key_in(await person.get(MAKE))
        data = {"csrf_token": person.csrf_token, "key": key, "customer_id": acme.customer["id"]}
        answer = await person.http.post(f"/console{MAKE}", data=data, files=file, headers=person._headers())
        shown = await watched(person, answer, "finished")

    assert "<dd>dunning</dd>" in shown.text


async def test_one_that_goes_on_can_be_stopped_with_a_reason(env: ApiEnvironment, acme: Acme) -> None:
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        path = f"/operate/dry-runs/{acme.dry_run_id}"
        unsaid = await person.post(f"{path}/cancel", why=" ")
        over = await person.post(f"{path}/cancel", why="wrong file")
        after = await person.get(path)

    assert (unsaid.status_code, "Say why" in unsaid.text) == (HTTPStatus.UNPROCESSABLE_ENTITY, True)
    assert over.status_code == HTTPStatus.SEE_OTHER
    assert ">finished<" in after.text
