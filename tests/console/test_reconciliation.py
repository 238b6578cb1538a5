"""Reconciliation in the console: a run begun once for each form, and a finding repaired once, with a reason."""

from http import HTTPStatus

import httpx
import pytest

from billflow.models.contracts.audit import AuditFilter
from billflow.models.contracts.console import ConsoleRole
from billflow.models.contracts.records import Paging
from billflow.temporal.ids import plan_workflow_id
from tests.api_environment import ApiEnvironment, until
from tests.console.people import bought, browsing, drifted
from tests.console.test_actions import key_in
from tests.console.test_operations import confirmed


async def test_a_finding_is_repaired_from_the_page_of_the_business(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    one = await bought(env, api, name="Drifted")
    await env.engine.client.get_workflow_handle(plan_workflow_id(one.plan["id"])).terminate()
    run_id, finding_id = await drifted(env, one, "No workflow waits for its next billing date.")
    path = f"/operate/reconciliation/{run_id}/findings/{finding_id}"
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        business, operate = await person.get("/business"), await person.get("/operate")
        preview = await person.get(path)
        unsaid = await person.post(path, why="", key=key_in(preview))
        done = [await person.post(path, why="the cluster was lost") for _ in range(2)]
        after = await person.get("/operate")
        again = await person.get(path)
    async with browsing(env, ConsoleRole.VIEWER) as person:
        seen = await person.get("/business")

    for page in (business, operate):
        assert f'href="/console{path}"' in page.text
    assert f'href="/console{path}"' not in seen.text + after.text
    assert "The plan&#39;s workflow is started from the records." in preview.text
    assert (unsaid.status_code, "Say why" in unsaid.text) == (HTTPStatus.UNPROCESSABLE_ENTITY, True)
    assert [answer.headers["location"] for answer in (*done, again)] == ["/console/operate#findings"] * 3
    assert await env.engine.control.is_running(plan_workflow_id(one.plan["id"]))
    wanted = AuditFilter(subject_id=finding_id)
    [asked] = (await env.engine.queries.audit.list(env.org_id, wanted, Paging())).rows
    assert (asked.actor, (asked.detail or {})["reason"]) == ("console:Kim", "the cluster was lost")


@pytest.mark.full
async def test_a_run_is_begun_once_for_each_form(env: ApiEnvironment) -> None:
    runs = env.engine.repositories.reconciliation_runs
    before = (await runs.search(env.org_id, Paging())).total
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        wrong = await person.get("/operate/reconciliation/start", days="0", preview="yes")
        first, again = await confirmed(person, "/operate/reconciliation/start", days="30", grace_minutes="60")

    async def finished() -> bool:
        newest = await runs.newest(env.org_id)
        return newest is not None and newest.finished_at is not None

    await until(finished)
    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert [answer.headers["location"] for answer in (first, again)] == ["/console/operate#findings"] * 2
    assert (await runs.search(env.org_id, Paging())).total == before + 1
