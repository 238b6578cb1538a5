"""What the pages show: found by whatever one knows, told in sentences, every amount explained."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from http import HTTPStatus
from uuid import uuid4

import httpx
import pytest
from fastapi import Request

from billflow.console.app import refused
from billflow.domain.scopes import Scope
from billflow.errors import StepFailing
from billflow.models.contracts.console import ConsoleRole
from tests.api_environment import ApiEnvironment, until
from tests.console.people import Acme, bought, browsing
from tests.imports.test_import import a_clock, advance
from tests.portal.visitors import visiting
from tests.sizes import some

KNOWN = ["rocket", "{realm}", "{beginning}", "ERP-4711", "{email}", "{customer}", "{plan}"]


@pytest.mark.parametrize("known", some(3, KNOWN))
async def test_a_customer_is_found_by_whatever_is_known_of_it(env: ApiEnvironment, acme: Acme, known: str) -> None:
    customer = acme.customer
    text = known.format(
        email=customer["email"].partition("@")[0],
        realm=customer["deployment"]["name"],
        customer=customer["id"],
        beginning=customer["id"][:8],
        plan=acme.plan["id"],
    )
    async with browsing(env, ConsoleRole.VIEWER) as person:
        page = await person.get("/", q=text)
        part = await person.get("/find", q=text)

    for answer in (page, part):
        assert f"/console/customers/{customer['id']}" in answer.text
    assert "<html" not in part.text


@pytest.mark.parametrize("deployment", some(1, ["remote_server", "remote_realm"]))
async def test_a_customer_is_found_as_one_types_by_the_host_that_it_runs(
    env: ApiEnvironment, api: httpx.AsyncClient, deployment: str
) -> None:
    host = f"chat-{uuid4().hex[:8]}.once.example"
    runs = {"uuid": str(uuid4()), "hostname" if deployment == "remote_server" else "host": host}
    new = {"name": "Self Hosted", "email": f"{uuid4().hex}@hosted.example", deployment: runs}
    customer = (await api.post("/api/v1/customers", json=new)).raise_for_status().json()["id"]
    async with browsing(env, ConsoleRole.VIEWER) as person:
        pages = [await person.get("/find", q=text) for text in (host, host.upper(), host[:14])]
        other = await person.get("/find", q=f"x{host}")

    assert all(f"/console/customers/{customer}" in page.text for page in pages)
    assert customer not in other.text


@pytest.mark.parametrize("address", some(1, ["priya@{domain}", "PRIYA@{domain}", "invoices@{domain}"]))
async def test_a_customer_is_found_by_an_address_that_it_is_written_to(
    env: ApiEnvironment, api: httpx.AsyncClient, address: str
) -> None:
    domain = f"{uuid4().hex[:12]}.example"
    new = {"name": "Written To", "email": f"{uuid4().hex}@own.example"}
    made = (await api.post("/api/v1/customers", json=new)).raise_for_status().json()
    customer = made["id"]
    account = f"/api/v1/customers/{customer}/billing-accounts/{made['billing_account']['id']}"
    (await api.patch(account, json={"invoice_email": f"Invoices@{domain}"})).raise_for_status()
    contact = {"name": "Priya", "email": f"Priya@{domain}"}
    (await api.post(f"/api/v1/customers/{customer}/contacts", json=contact)).raise_for_status()
    async with browsing(env, ConsoleRole.VIEWER) as person:
        page = await person.get("/find", q=address.format(domain=domain))
        other = await person.get("/find", q=f"priya@other.{domain}")

    assert f"/console/customers/{customer}" in page.text
    assert customer not in other.text


async def test_a_purchase_that_waits_says_how_many_licenses_it_is_of(
    env: ApiEnvironment, api: httpx.AsyncClient
) -> None:
    new = {"name": "Waits", "email": f"{uuid4().hex}@waits.example"}
    customer = (await api.post("/api/v1/customers", json=new)).raise_for_status().json()
    terms = {"tier": "cloud_standard", "schedule": "monthly", "license_management": "manual", "licenses": 7}
    asked = {"customer_id": customer["id"], "collection_method": "send_invoice", **terms}
    (await api.post("/api/v1/plans", json=asked)).raise_for_status()
    async with browsing(env, ConsoleRole.VIEWER) as person:
        page = await person.get(f"/customers/{customer['id']}")
    async with visiting(env, api, customer["id"]) as visitor:
        overview = await visitor.get("/")

    assert "7 licenses of Cloud Standard, monthly; waits for its first payment." in page.text
    assert "7 licenses of Cloud Standard, monthly." in overview.text


@pytest.mark.full
async def test_what_is_overdue_in_the_time_of_its_plan_is_summed_up_and_told(
    env: ApiEnvironment, api: httpx.AsyncClient
) -> None:
    now = datetime.now(UTC)
    clock = await a_clock(api, now.isoformat())
    new = {"name": "Pays Late", "email": f"{uuid4().hex}@late.example"}
    customer = (await api.post("/api/v1/customers", json=new)).raise_for_status().json()["id"]
    terms = {"tier": "cloud_standard", "schedule": "monthly", "license_management": "manual", "licenses": 7}
    asked = {"customer_id": customer, "collection_method": "send_invoice", "test_clock_id": clock, **terms}
    (await api.post("/api/v1/plans", json=asked)).raise_for_status()
    async with browsing(env, ConsoleRole.VIEWER) as person:
        before = await person.get(f"/customers/{customer}")
        await advance(api, clock, (now + timedelta(days=3)).isoformat())

        async def late() -> bool:
            return "is overdue since" in (await person.get(f"/customers/{customer}")).text

        await until(late)
        after = await person.get(f"/customers/{customer}")

    assert "<dt>Overdue</dt><dd>–</dd>" in " ".join(before.text.split())
    assert "<dt>Overdue</dt><dd>USD 56</dd>" in " ".join(after.text.split())


async def test_an_invoice_is_found_by_its_number(env: ApiEnvironment, acme: Acme) -> None:
    assert acme.invoice["number"]
    async with browsing(env, ConsoleRole.VIEWER) as person:
        page = await person.get("/", q=acme.invoice["number"].lower())

    assert f"/console/invoices/{acme.invoice['id']}" in page.text


async def test_what_is_not_there_is_said(env: ApiEnvironment) -> None:
    async with browsing(env, ConsoleRole.VIEWER) as person:
        page = await person.get("/", q="zzzz nobody")
        empty = await person.get("/")

    assert "Nothing has “zzzz nobody” in its name" in page.text
    assert "Newest customers" in empty.text


async def test_a_customers_page_says_its_plan_in_a_sentence(env: ApiEnvironment, acme: Acme) -> None:
    async with browsing(env, ConsoleRole.VIEWER) as person:
        page = await person.get(f"/customers/{acme.customer['id']}")

    assert page.status_code == HTTPStatus.OK
    for said in ("10 licenses of Cloud Standard, monthly; USD ", "2 seats free.", "Acme Rockets", "ERP-4711"):
        assert said in page.text
    assert acme.invoice["number"] in page.text
    assert '<path class="licenses"' in page.text


@pytest.mark.full
async def test_a_customers_page_has_its_accounts_and_projects(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    customer = (await bought(env, api, name="Many Accounts")).customer["id"]
    path = f"/api/v1/customers/{customer}"
    (await api.post(f"{path}/billing-accounts", json={"name": "Swiss branch", "currency": "CHF"})).raise_for_status()
    (await api.post(f"{path}/projects", json={"name": "Moon landing"})).raise_for_status()
    async with browsing(env, ConsoleRole.VIEWER) as person:
        page = unescape((await person.get(f"/customers/{customer}")).text)

    accounts, projects = (
        page.split(f"<h2>{title} <", 1)[1].split("</section>", 1)[0] for title in ("Accounts", "Projects")
    )
    assert re.findall(r"<li>(\w[\w ]*\w)", accounts) == ["default", "Swiss branch"]
    assert re.findall(r"[A-Z]{3}, [a-z ]+", accounts) == ["USD, charge automatically", "CHF, charge automatically"]
    assert "Moon landing" in projects


@pytest.mark.full
async def test_a_customers_timeline_has_deliveries_and_what_stripe_told(
    env: ApiEnvironment, api: httpx.AsyncClient
) -> None:
    wanted = {"url": "http://127.0.0.1:9/nobody", "event_types": ["invoice.paid"]}
    async with env.client(await env.key(*Scope)) as admin:
        endpoint = (await admin.post("/api/v1/webhook-endpoints", json=wanted)).raise_for_status().json()
    found = await bought(env, api, name="Delivered")
    pages = list[str]()
    async with browsing(env, ConsoleRole.VIEWER) as person:

        async def shown() -> bool:
            pages.append((await person.get(f"/customers/{found.customer['id']}", part="timeline")).text)
            return "delivery: invoice paid" in pages[-1] and "Stripe: invoice paid" in pages[-1]

        await until(shown)
    async with env.client(await env.key(*Scope)) as admin:
        (await admin.delete(f"/api/v1/webhook-endpoints/{endpoint['id']}")).raise_for_status()

    rows = pages[-1].split('<ol class="timeline">', 1)[1].split("</ol>", 1)[0].split("<li ")
    (delivery,) = (row for row in rows if "delivery: invoice paid" in row)
    (stripe,) = (row for row in rows if "<strong>Stripe: invoice paid</strong>" in row)
    assert "to http://127.0.0.1:9/nobody, attempt 1" in delivery
    assert f"/console/invoices/{found.invoice['id']}" in stripe


async def test_what_needs_attention_comes_first(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    other = await bought(env, api, name="Suspended Inc.")
    customer = other.customer["id"]
    (await api.post(f"/api/v1/customers/{customer}/suspend", json={"reason": "asked to"})).raise_for_status()
    async with browsing(env, ConsoleRole.VIEWER) as person:
        page = await person.get(f"/customers/{customer}")

    assert "Needs attention" in page.text
    assert "it is charged nothing and may change nothing" in page.text


async def test_an_invoices_page_explains_every_line(env: ApiEnvironment, acme: Acme, api: httpx.AsyncClient) -> None:
    explained = (await api.get(f"/api/v1/invoices/{acme.invoice['id']}/explain")).json()
    async with browsing(env, ConsoleRole.VIEWER) as person:
        page = await person.get(f"/invoices/{acme.invoice['id']}")

    assert explained["lines"]
    for line in explained["lines"]:
        assert line["sentence"].replace("'", "&#39;") in page.text
    assert page.text.count("Why this amount?") == len(explained["lines"])


async def test_the_document_may_be_shown_inside_our_own_page_only(env: ApiEnvironment, acme: Acme) -> None:
    async with browsing(env, ConsoleRole.VIEWER) as person:
        page = await person.get(f"/invoices/{acme.invoice['id']}")
        pdf = await person.get(f"/invoices/{acme.invoice['id']}/pdf")

    assert f'src="/console/invoices/{acme.invoice["id"]}/pdf"' in page.text
    assert pdf.content.startswith(b"%PDF")
    assert "frame-ancestors 'self'" in pdf.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


async def test_a_page_runs_and_loads_nothing_but_our_own_files(env: ApiEnvironment, acme: Acme) -> None:
    async with browsing(env, ConsoleRole.VIEWER) as person:
        for path in ("/", f"/customers/{acme.customer['id']}", f"/invoices/{acme.invoice['id']}"):
            page = await person.get(path)
            policy = page.headers["content-security-policy"]
            assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
            assert "unsafe" not in policy
            assert re.findall(r"<style|<script>|<[^<>]* (?:style|on\w+)=", page.text) == []
            loaded = re.findall(r'(?:src|<link[^>]* href)="([^"]*)"', page.text)
            assert loaded
            assert all(address.startswith("/console/") for address in loaded)
            assert page.headers["cache-control"] == "no-store"
        style = await person.get("/static/console.css")

    assert style.headers["content-type"].startswith("text/css")


async def test_a_page_that_can_not_be_had_now_says_when_to_ask_again() -> None:
    answer = await refused(Request({"type": "http", "state": {}}), StepFailing())

    assert (answer.status_code, answer.headers["retry-after"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "60")
