"""The parallel run in the console: the score of each day, the plans that differ, and why."""

import re
from collections.abc import AsyncIterator
from html import unescape
from http import HTTPStatus

import httpx
import pytest

from billflow.models.contracts.console import ConsoleRole
from billflow.wiring.store import sell_example
from tests.api_environment import ApiEnvironment
from tests.console.people import browsing
from tests.imports.test_import import a_clock, advance
from tests.imports.test_parallel_run import an_invoice, an_old_plan, take


def cells(text: str, marked: str) -> list[str]:
    """Return what the cells of the row say that has *marked* in it."""
    [row] = [row for row in text.split("<tr>") if marked in row]
    found = re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split()) for cell in found]


@pytest.fixture
async def api(env: ApiEnvironment) -> AsyncIterator[httpx.AsyncClient]:
    """Yield the API for an organization that nobody else has plans in."""
    org_id = await env.engine.repositories.organizations.ensure("console-parallel-run")
    await sell_example(env.engine.repositories.catalogs, org_id)
    async with env.client(await env.key(org_id=org_id)) as http:
        yield http


async def planted(api: httpx.AsyncClient) -> tuple[str, str]:
    """Return a customer and its plan, which both systems bill the same at first, and otherwise then."""
    clock = await a_clock(api)
    customer, plan, external = await an_old_plan(api, clock)
    await advance(api, clock, "2026-03-16T12:00:00Z")
    await take(api, an_invoice(external, "1", "2026-02-15", "2026-03-15"))
    await take(api, an_invoice(external, "2", "2026-03-15", "2026-04-15", unit=900))
    return customer, plan


async def test_a_parallel_run_shows_its_days_its_plans_and_what_differs(
    env: ApiEnvironment, api: httpx.AsyncClient
) -> None:
    org_id = await env.engine.repositories.organizations.ensure("console-parallel-run")
    async with browsing(env, ConsoleRole.VIEWER, org_id) as person:
        nothing = await person.get("/operate/parallel-run")
    customer, plan = await planted(api)
    async with browsing(env, ConsoleRole.VIEWER, org_id) as person:
        page = await person.get("/operate/parallel-run")
        differing = await person.get(f"/operate/parallel-run/plans/{plan}")
        shown = await person.get(f"/customers/{customer}")
        unknown = await person.get("/operate/parallel-run/plans/0")
        astray = await person.get("/operate/parallel-run", after="nowhere")
    async with browsing(env, ConsoleRole.SUPPORT, org_id) as person:
        cutover = "/operate/batches/make/begin_cutover?parallel_run=yes"
        offered, form = await person.get("/operate/parallel-run"), await person.get(cutover)

    assert "No plan was imported to be billed by another system yet." in nothing.text
    assert "1 plan, of which 0 match" in page.text
    assert cells(page.text, ">15 Feb 2026<")[1:] == ["1", "0", "0", "0", "0", "100.0%", "USD 0"]
    assert cells(page.text, ">15 Mar 2026<")[1:] == ["0", "1", "0", "0", "0", "0.0%", "USD -6"]
    assert cells(page.text, ">price<") == ["price", "1", "USD -6"]
    listed = cells(page.text, f"#plan-{plan}")
    assert listed[2:] == ["parallel", "doesn’t match", "1", f"1 dates of {listed[0]} that differ", "USD -6"]
    assert f"/console/customers/{customer}#plan-{plan}" in page.text
    assert "billflow computed USD 48, the other system issued USD 54 (2): price USD -6." in differing.text
    assert "USD 9 × 6 = USD 54" in differing.text
    assert "15 Feb 2026" not in differing.text
    assert "Cloud Standard is billed by another system; here it is only computed what it would be." in shown.text
    assert f"/console/operate/parallel-run/plans/{plan}" in shown.text
    assert (unknown.status_code, astray.status_code) == (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)
    assert cutover not in page.text
    assert cutover in offered.text
    assert form.status_code == HTTPStatus.OK
