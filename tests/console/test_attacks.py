"""What somebody hostile tries: text that is markup, forms of other sites, ids of others, rights one lacks."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from billflow.console import adjustments, commands, customer_actions, document_operations, endpoint_operations, lists
from billflow.console.app import ROUTERS
from billflow.console.security import ConsoleRoute
from billflow.domain.scopes import Scope
from billflow.models.contracts.console import ConsoleRole
from billflow.models.contracts.records import Paging
from billflow.pages.forms import MOST_FIELDS
from tests.api_environment import ApiEnvironment
from tests.console.people import Acme, ConsolePerson, bought, browsing, drifted, previewed, tried
from tests.store.conftest import rows_of

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}"
MARKUP = ("<script>alert", "<img src=x", ">49<")


@dataclass(frozen=True)
class ConsoleAddress:
    """A route of the console with its path filled in."""

    method: str
    path: str
    names_an_id: bool
    needs_session: bool


def addresses(acme: Acme) -> Iterator[ConsoleAddress]:
    """Yield every route of the console, about a customer's things, with each command and adjustment."""
    ids = {
        "customer_id": acme.customer["id"],
        "plan_id": acme.plan["id"],
        "invoice_id": acme.invoice["id"],
        "endpoint_id": acme.endpoint["id"],
        "test_clock_id": acme.clock["id"],
        "key_id": acme.key_id,
        "plan_batch_id": acme.batch["id"],
        "dry_run_id": acme.dry_run_id,
        "reconciliation_run_id": acme.run_id,
        "finding_id": acme.finding_id,
    }
    for route in (route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)):
        names = set(re.findall(r"{(\w+)}", route.path))
        choices = {
            "command": commands.KINDS,
            "adjustment": adjustments.KINDS,
            "action": customer_actions.KINDS,
            "operation": endpoint_operations.NAMED,
            "document": document_operations.DOCUMENTS,
            "name": ["a" * 32],
            "noun": lists.LISTS,
            "version": ["1"],
        }
        chosen = next(iter(names & choices.keys()), "")
        for choice in choices.get(chosen, [""]):
            path = route.path.format(**ids, **{chosen: choice}) if names else route.path
            for method in sorted(route.methods or ()):
                yield ConsoleAddress(method, path, bool(names & ids.keys()), isinstance(route, ConsoleRoute))


async def ask(person: ConsolePerson, one: ConsoleAddress, **form: str) -> httpx.Response:
    """Open a page, or send a form whose every field has something in it."""
    filled = {"licenses": "11", "why": "because", "key": "e" * 32, "amount": "1", "reference": "x", "name": "x", **form}
    return await (person.get(one.path) if one.method == "GET" else person.post(one.path, **filled))


async def all_rows(env: ApiEnvironment, url: str) -> list[object]:
    """Return the organization's rows, but for who is signed in."""
    rows = await asyncio.to_thread(rows_of, url, env.org_id)
    return [row for row in rows if row[0] not in ("console_session", "audit_log", "audit_chain")]


def test_the_routes_are_walked(acme: Acme) -> None:
    found = list(addresses(acme))

    assert sum(one.method == "POST" for one in found) >= sum(
        len(kinds) for kinds in (commands.KINDS, adjustments.KINDS, customer_actions.KINDS)
    )
    assert sum(one.names_an_id for one in found) >= 50
    assert all("{" not in one.path for one in found)


async def test_who_is_not_signed_in_sees_nothing_and_does_nothing(
    env: ApiEnvironment, acme: Acme, env_database_url: str
) -> None:
    before = await all_rows(env, env_database_url)
    async with browsing(env) as person:
        for one in addresses(acme):
            if one.needs_session:
                answer = await ask(person, one)
                assert answer.status_code == HTTPStatus.SEE_OTHER, one
                assert answer.headers["location"].startswith("/console/sign-in"), one

    assert await all_rows(env, env_database_url) == before


@pytest.mark.full
async def test_a_form_of_another_site_is_refused_everywhere(
    env: ApiEnvironment, acme: Acme, env_database_url: str
) -> None:
    before = await all_rows(env, env_database_url)
    async with browsing(env, ConsoleRole.ADMIN) as person:
        for one in addresses(acme):
            if one.method != "POST" or not one.needs_session:
                continue
            for forged in ("", "x", "é", person.csrf_token[:-1]):
                answer = await ask(person, one, csrf_token=forged)
                assert (answer.status_code, "foreign_form" in answer.text) == (HTTPStatus.FORBIDDEN, True), one
            person.headers = {"Sec-Fetch-Site": "cross-site"}
            assert (await ask(person, one)).status_code == HTTPStatus.FORBIDDEN, one
            person.headers = {}

    assert await all_rows(env, env_database_url) == before


async def test_another_organizations_ids_are_not_found_on_any_route(
    env: ApiEnvironment, acme: Acme, env_database_url: str
) -> None:
    stranger = await env.engine.repositories.organizations.ensure("console-stranger")
    before = await all_rows(env, env_database_url)
    async with browsing(env, ConsoleRole.ADMIN, stranger) as person:
        for one in addresses(acme):
            if one.names_an_id:
                answer = await ask(person, one)
                assert answer.status_code == HTTPStatus.NOT_FOUND, one
                assert acme.customer["name"] not in answer.text, one
        for text in ("Acme", acme.customer["id"], acme.invoice["number"], acme.plan["id"], "ERP-4711"):
            found = await person.get("/find", q=text)
            assert "/console/" not in found.text, text

    assert await all_rows(env, env_database_url) == before


async def test_a_viewer_sends_no_form_that_changes_anything(
    env: ApiEnvironment, acme: Acme, env_database_url: str
) -> None:
    before = await all_rows(env, env_database_url)
    async with browsing(env, ConsoleRole.VIEWER) as person:
        for one in addresses(acme):
            if one.method == "POST" and (one.names_an_id or one.path.startswith("/operate")):
                answer = await ask(person, one)
                assert (answer.status_code, "scope_missing" in answer.text) == (HTTPStatus.FORBIDDEN, True), one

    assert await all_rows(env, env_database_url) == before


@pytest.fixture(scope="module")
async def hostile(env: ApiEnvironment, api: httpx.AsyncClient) -> Acme:
    """Return a customer whose every text is markup."""
    address = dict.fromkeys(("street", "street2", "city", "postal_code", "state"), EVIL)
    found = await bought(
        env,
        api,
        name=EVIL,
        erp_customer_number=EVIL,
        billing_address={**address, "country": "DE"},
        shipping_address=address,
        metadata={EVIL[:40]: EVIL},
        settings={"company": {"legal_name": EVIL, "address": EVIL}},
    )
    customer, invoice = f"/api/v1/customers/{found.customer['id']}", f"/api/v1/invoices/{found.invoice['id']}"
    contact = {"name": EVIL, "email": "mallory@mallory.example", "is_primary": True}
    item = {"type": "add_item", "description": EVIL, "unit_amount": 100}
    for path, body in (
        (f"{customer}/contacts", contact),
        (f"/api/v1/plans/{found.plan['id']}/commands", item),
        (f"{invoice}/credit-notes", {"amount": 100, "memo": EVIL}),
        (f"{invoice}/refund", {"amount": 100, "out_of_band_reference": EVIL}),
    ):
        (await api.post(path, json=body)).raise_for_status()
    await env.key(name=EVIL)
    further: dict[str, Any] = {
        "test-clocks": {"name": EVIL, "now_at": "2026-01-31T00:00:00Z"},
        "webhook-endpoints": {
            "url": "https://hooks.acme.example/",
            "description": EVIL,
            "event_types": ["webhook_endpoint.disabled"],
        },
    }
    async with env.client(await env.key(*Scope)) as admin:
        for noun, new in further.items():
            (await admin.post(f"/api/v1/{noun}", json=new)).raise_for_status()
    run_id, finding_id = await drifted(env, found, EVIL)
    batch, dry_run_id = await previewed(api, found), await tried(api, found)
    return replace(found, batch=batch, dry_run_id=dry_run_id, run_id=run_id, finding_id=finding_id)


@pytest.mark.full
async def test_no_text_that_somebody_writes_becomes_markup(env: ApiEnvironment, hostile: Acme) -> None:
    customer, plan, invoice = (
        f"/{noun}/{one['id']}"
        for noun, one in zip(
            ("customers", "plans", "invoices"), (hostile.customer, hostile.plan, hostile.invoice), strict=True
        )
    )
    async with browsing(env, ConsoleRole.ADMIN) as person:
        pages = [
            await person.get("/", q=EVIL),
            await person.get("/find", q=EVIL),
            await person.get("/find", q="alert(1)"),
            await person.get(customer),
            await person.get(customer, part="timeline"),
            await person.get(customer, part=EVIL),
            await person.get(invoice),
            await person.get(f"{invoice}", done=EVIL),
            await person.get(f"{plan}/commands/add_item", description=EVIL, unit_amount="1", preview="yes"),
            await person.get(f"{plan}/commands/set_licenses", licenses=EVIL, preview="yes"),
            await person.get(f"{plan}/commands/upgrade_tier_now", tier=EVIL, preview="yes"),
            await person.get(f"{invoice}/credit", memo=EVIL, amount=EVIL, preview="yes"),
            await person.post(f"{invoice}/void", why=EVIL, key="f" * 32),
            await person.post(f"{plan}/commands/set_licenses", why=EVIL, licenses=EVIL, key="f" * 32),
            await person.get(f"/customers/{EVIL}"),
            await person.get("/lists/customers", q=EVIL),
            await person.get("/lists/customers", q="alert(1)"),
            await person.get("/lists/invoices", number=EVIL),
            await person.get(f"/lists/{EVIL}"),
            await person.get("/lists/plans", attention=EVIL, currency=EVIL),
            await person.get("/sign-in", token=EVIL, next=EVIL),
        ]

    for page in pages:
        assert not [text for text in MARKUP if text in page.text], page.url
        assert "&amp;lt;script" not in page.text, page.url
    assert escape(EVIL).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in pages[3].text


async def test_no_text_becomes_markup_on_pages_about_the_whole_business(env: ApiEnvironment, hostile: Acme) -> None:
    async with browsing(env, ConsoleRole.ADMIN) as person:
        pages = [
            await person.get("/operate"),
            await person.get("/operate/terms"),
            await person.get("/operate/keys"),
            await person.get("/operate/clocks"),
            await person.get("/operate/endpoints"),
            await person.get("/operate/audit"),
            await person.get("/operate/audit", actor=EVIL, subject_type=EVIL),
            await person.get(f"/operate/endpoints/{EVIL}"),
            await person.get("/operate/audit", since=EVIL),
            await person.get("/business", currency=EVIL),
            await person.get("/business/renewals", after=EVIL),
            await person.get("/business/movements", since=EVIL, until=EVIL, currency=EVIL),
            await person.get("/business"),
            await person.get(f"/operate/batches/{hostile.batch['id']}"),
            await person.get("/operate/batches"),
            await person.get(f"/operate/batches/{hostile.batch['id']}", status=EVIL, watch=EVIL),
            await person.post(f"/operate/batches/{hostile.batch['id']}/confirm", why=""),
            await person.post(f"/operate/batches/{hostile.batch['id']}/cancel", why=EVIL),
            await person.get(f"/operate/batches/{hostile.batch['id']}"),
            await person.get("/operate/batches/make", attention=EVIL, currency="<b>"),
            await person.get("/operate/batches/make/add_item", attention=EVIL, status=EVIL),
            await person.post("/operate/batches/make/add_item", of_attention=EVIL, description=EVIL, key="e" * 32),
            await person.get(f"/operate/batches/make/{EVIL}"),
            await person.get("/operate/reconciliation/start", days=EVIL),
            await person.get(f"/operate/reconciliation/{hostile.run_id}/findings/{hostile.finding_id}"),
            await person.post(f"/operate/reconciliation/{hostile.run_id}/findings/{hostile.finding_id}", why=""),
        ]

    for page in pages:
        assert not [text for text in MARKUP if text in page.text], page.url
        assert "&amp;lt;script" not in page.text, page.url
    for page in (pages[0], pages[2], pages[3], pages[5], pages[6], *pages[12:14]):
        assert "&lt;script&gt;alert" in page.text, page.url


async def test_no_text_becomes_markup_on_pages_about_dry_runs(env: ApiEnvironment, hostile: Acme) -> None:
    async with browsing(env, ConsoleRole.ADMIN) as person:
        pages = [
            await person.get("/operate/dry-runs"),
            await person.get(f"/operate/dry-runs/{hostile.dry_run_id}"),
            await person.get(f"/operate/dry-runs/{hostile.dry_run_id}", after=EVIL, debts_after=EVIL, watch=EVIL),
            await person.get(f"/operate/dry-runs/{hostile.dry_run_id}/report.html"),
            await person.get(f"/operate/dry-runs/{EVIL}"),
            await person.post(f"/operate/dry-runs/{hostile.dry_run_id}/cancel", why=""),
            await person.post("/operate/dry-runs/make", catalog=f"</textarea>{EVIL}", tier=EVIL, key="e" * 32),
            await person.post("/operate/dry-runs/make", dunning=f'end_plan_after_days = "{EVIL[2:]}"', key="e" * 32),
        ]

    for page in pages:
        assert not [text for text in MARKUP if text in page.text], page.url
        assert "&amp;lt;script" not in page.text, page.url
        assert page.text.count("</textarea>") == page.text.count("<textarea"), page.url
    assert [page.status_code for page in (pages[0], pages[1], pages[3])] == [HTTPStatus.OK] * 3


async def test_no_text_that_an_operator_types_becomes_markup(env: ApiEnvironment, hostile: Acme) -> None:
    clocks = (await env.engine.repositories.test_clocks.list(env.org_id, Paging())).rows
    endpoints = (await env.engine.webhooks.endpoints.list(env.org_id, Paging())).rows
    clock = next(one.test_clock_id for one in clocks if one.name == EVIL)
    endpoint = next(one.endpoint_id for one in endpoints if one.description == EVIL)
    seller = dict.fromkeys(("legal_name", "street", "city", "footer", "account_holder"), EVIL) | {"country": "DE"}
    svg = f'<svg xmlns="http://www.w3.org/2000/svg"><g id="{escape(EVIL)}"/></svg>'.encode()
    async with browsing(env, ConsoleRole.ADMIN) as person:
        pages = [
            await person.get(f"/operate/clocks/{clock}", watch=EVIL),
            await person.get(f"/operate/clocks/{clock}/advance", to=EVIL, preview="yes"),
            await person.get("/operate/clocks/make", name=EVIL, now_at="2026-01-31T00:00", preview="yes"),
            await person.get("/operate/keys/make", name=EVIL, read="yes", preview="yes"),
            await person.get("/operate/endpoints/make", url=EVIL, description=EVIL, event_types=EVIL, preview="yes"),
            await person.get(f"/operate/endpoints/{endpoint}"),
            await person.get(f"/operate/endpoints/{endpoint}/change"),
            await person.get(f"/operate/endpoints/{endpoint}/{EVIL}"),
            await person.get("/operate/dunning/edit", reminder_days=EVIL, seen=EVIL, preview="yes"),
            await person.get("/operate/seller/edit", **seller, preview="yes"),
            await person.get("/operate/seller/edit", **seller, seen=EVIL, preview="yes"),
            await person.post("/operate/seller/edit", **seller, why=EVIL, seen=EVIL, key="f" * 32),
            await person.post("/operate/documents/catalog/check", text=f"</textarea>{EVIL}", seen=EVIL),
            await person.post("/operate/documents/tax", text=f'mode = "{EVIL}"', why=EVIL, seen=EVIL, key=EVIL),
            await person.get(f"/operate/documents/{EVIL}"),
            await person.upload("/operate/documents/tax/check", f"mode = '{EVIL[2:]}'".encode(), seen="0"),
            await person.upload("/operate/seller/logo/check", svg, seen=EVIL),
            await person.post("/operate/seller/logo", image=EVIL, why=EVIL, seen=EVIL, key="f" * 32),
            await person.get(f"/customers/{hostile.customer['id']}/do/prices", required_plan_tier=EVIL, preview="yes"),
            await person.get(f"/customers/{hostile.customer['id']}/do/credit", amount="1", preview="yes"),
        ]

    for page in pages:
        assert not [text for text in MARKUP if text in page.text], page.url
        assert "&amp;lt;script" not in page.text, page.url
        assert page.text.count("</textarea>") == page.text.count("<textarea"), page.url
    for page in (pages[0], pages[2], pages[3], pages[5], pages[6], pages[9], pages[12]):
        assert "&lt;script&gt;alert" in page.text, page.url


async def test_a_body_with_too_much_in_it_is_refused(env: ApiEnvironment) -> None:
    many = {f"field_{n}": "x" for n in range(MOST_FIELDS + 1)}
    async with browsing(env, ConsoleRole.ADMIN) as person:
        path = "/operate/documents/catalog/check"
        answers = [
            await person.upload(path, b"x", **many),
            await person.upload(path, b"x" * (3 * 1024 * 1024)),
            await person.upload(path, b"\xff\xfe\x00"),
            await person.upload(path, b'a = "\x00"'),
        ]

    assert [answer.status_code for answer in answers] == [
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    ]
    assert "no text in UTF-8" in answers[2].text
