"""What clients write about a customer is nowhere after its erasure, and nothing is written any more."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg import sql

from billflow.domain.calendar import add_months
from billflow.models.tables import Base
from tests.api.test_plans import plan_status
from tests.api.test_privacy import ended, histories, log
from tests.api_environment import ApiEnvironment, until
from tests.imports.openings import opening, with_invoice, with_plan

__all__ = ["log"]

MARKER = "rosebudd"
SEATS = {"observed_at": (datetime.now(UTC) - timedelta(hours=1)).isoformat(), "members": 7}
MANUAL = {"license_management": "manual", "licenses": 30}
ADDRESS = {name: f"{MARKER} {name}" for name in ("street", "street2", "city", "postal_code", "state")}
COMPANY = {"legal_name": f"{MARKER} legal", "tax_id": f"{MARKER} tax", "address": f"{MARKER} address"}
SETTINGS = {
    "company": COMPANY,
    "billing": {"payment_method": f"{MARKER} method"},
    "security": {"password_policy": f"{MARKER} policy"},
    "anything": {"else": [f"{MARKER} else"]},
}
CUSTOMER = {
    "name": f"{MARKER} name",
    "erp_customer_number": f"{MARKER}-erp",
    "billing_address": {**ADDRESS, "country": "DE"},
    "shipping_address": ADDRESS,
    "metadata": {f"{MARKER}-key": f"{MARKER} metadata"},
    "settings": SETTINGS,
}
WHY = {"reason": f"{MARKER} reason"}

AT_STRIPE = ("customer", "invoice", "credit_note", "refund", "checkout.session", "customer_balance_transaction")
IMPORTED: list[dict[str, Any]] = []
"""What was asked of an import, to be asked again."""

PLANTED: set[str] = set()
"""The fields into which the marker was written."""

AS_ISSUED = ("customer_name", "customer_email", "customer_address", "customer_shipping")

CHOICES = {
    "type",
    "kind",
    "tier",
    "schedule",
    "currency",
    "default_currency",
    "default_language",
    "country",
    "required_plan_tier",
    "billing_cycle",
    "billing_account_id",
    "customer_id",
    "event_id",
    "add_on",
    "coupon",
    "line_id",
    "offer_id",
    "plan_id",
    "project_id",
    "sent_invoice_id",
    "test_card",
    "test_clock_id",
    "attention",
    "origin",
    "stripe_balance_transaction_id",
    "stripe_customer_id",
    "stripe_payment_method_id",
}
"""Fields of text that are not free: what they may hold is ours or Stripe's."""

OTHERS = {
    "code",
    "percent_off",
    "host",
    "hostname",
    "url",
    "description",
    "event_types",
    "target",
    "return_url",
    "expires_at",
    "since",
    "until",
    "idempotency_key",
    "org_id",
    "root",
    "key_id",
    "public_key",
    "signature",
}
"""Fields of deployments of another kind, of what belongs to no customer, or is not stored."""

SELLERS = {
    "account_holder",
    "bank",
    "bic",
    "continue_after",
    "exemption",
    "footer",
    "iban",
    "percent",
    "prefix",
    "region",
    "registration_number",
    "vat_number",
}
"""Fields of who sells, and of its taxes."""


def _planted(body: object) -> Iterator[str]:
    """Yield the names of the fields of a body that hold the marker."""
    for one in body if isinstance(body, list) else ():
        yield from _planted(one)
    for name, value in body.items() if isinstance(body, dict) else ():
        yield from [name] if MARKER in str(value).lower() else []
        yield from _planted(value)


def _free_texts(part: Any, schemas: dict[str, Any]) -> Iterator[str]:
    """Yield the names of the fields of a request body that take any text; each schema is looked at once."""
    if isinstance(part, list):
        for one in part:
            yield from _free_texts(one, schemas)
    if not isinstance(part, dict):
        return
    if "$ref" in part:
        yield from _free_texts(schemas.pop(part["$ref"].rpartition("/")[2], {}), schemas)
    for name, field in part.get("properties", {}).items():
        kinds = [field, *field.get("anyOf", [])]
        if any(kind.get("type") == "string" and not kind.keys() & {"enum", "const", "format"} for kind in kinds):
            yield name
        yield from _free_texts(field, schemas)
    for name in ("anyOf", "oneOf", "allOf", "items", "schema"):
        yield from _free_texts(part.get(name), schemas)


async def _without_a_marker(api: httpx.AsyncClient) -> set[str]:
    """Return the fields of request bodies that take any text and were not given the marker."""
    document = (await api.get("/openapi.json")).json()
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    bodies = [content for one in operations for content in one.get("requestBody", {}).get("content", {}).values()]
    return {*_free_texts(bodies, document["components"]["schemas"])} - CHOICES - OTHERS - SELLERS - PLANTED


async def _written(api: httpx.AsyncClient, method: str, path: str, body: object = None) -> Any:
    """Make a write under an idempotency key, and return its answer."""
    PLANTED.update(_planted(body))
    answer = await api.request(method, f"/api/v1{path}", json=body, headers={"Idempotency-Key": uuid4().hex})
    assert answer.is_success, (path, answer.text)
    return answer.json() if answer.content else None


async def _marked_customer(api: httpx.AsyncClient, env: ApiEnvironment) -> str:
    """Create a customer and write the marker into every field that takes a text; return its id."""
    email = f"{MARKER}-{uuid4().hex[:8]}@example.com"
    made = await _written(
        api, "POST", "/customers", {**CUSTOMER, "email": email, "realm": f"{MARKER}{uuid4().hex[:6]}"}
    )
    customer = f"/customers/{made['id']}"
    await _written(api, "PATCH", customer, {"metadata": {"more": MARKER}, "billing_address": ADDRESS})
    await _written(api, "PUT", f"{customer}/settings", SETTINGS)
    contact = {"email": f"contact-{email}", "name": f"{MARKER} contact"}
    held = await _written(api, "POST", f"{customer}/contacts", contact)
    await _written(api, "PATCH", f"{customer}/contacts/{held['id']}", {"name": f"{MARKER} again"})
    account = {"name": f"{MARKER} account", "invoice_email": f"invoices-{email}"}
    await _written(api, "POST", f"{customer}/billing-accounts", account)
    project = {"name": f"{MARKER} project", "slug": MARKER, "settings": SETTINGS}
    held = await _written(api, "POST", f"{customer}/projects", project)
    await _written(api, "POST", f"/projects/{held['id']}/channels", {"name": f"{MARKER} channel", "settings": SETTINGS})
    await _written(api, "POST", f"{customer}/credits", {"amount": 10, **WHY})
    wish = {
        "organization_type": f"{MARKER} type",
        "website": f"{MARKER}.example",
        "description": MARKER,
        "expected_users": 5,
    }
    held = await _written(api, "POST", f"{customer}/sponsorship-requests", wish)
    await _written(api, "POST", f"{customer}/sponsorship-requests/{held['id']}/decline", WHY)
    await _written(api, "POST", f"/deployments/{made['deployment_id']}/seats", SEATS)
    for act in ("suspend", "activate"):
        await _written(api, "POST", f"{customer}/{act}", WHY)
    await env.give_card(made["id"])
    return str(made["id"])


async def _marked_invoices(api: httpx.AsyncClient, customer_id: str) -> None:
    """Write the marker into every text about invoices, until nothing is open."""
    wanted = {"customer_id": customer_id, "tier": "cloud_standard", "schedule": "monthly"}
    plan = (await _written(api, "POST", "/plans", wanted))["plan"]
    listed = (await api.get("/api/v1/invoices", params={"customer_id": customer_id})).json()["invoices"]
    invoice = f"/invoices/{listed[0]['id']}"
    await _written(api, "POST", f"{invoice}/refund", {"amount": 10, "out_of_band_reference": f"{MARKER} refund"})
    note = {"amount": 10, "refund_method": "balance", "memo": f"{MARKER} memo"}
    await _written(api, "POST", f"{invoice}/credit-notes", note)
    await ended(api, plan["id"])
    for act, body in (("mark-uncollectible", WHY), ("void", WHY), ("mark-paid", {"reference": f"{MARKER} reference"})):
        plan = (await _written(api, "POST", "/plans", {**wanted, "collection_method": "send_invoice", **MANUAL}))[
            "plan"
        ]
        sent = await _sent_invoice(api, plan["id"])
        await _written(api, "POST", f"/invoices/{sent}/{act}", body)
        await until(partial(_is_decided, api, plan["id"]))
        if act == "mark-paid":
            await ended(api, plan["id"])


async def _marked_import(api: httpx.AsyncClient) -> str:
    """Import a customer whose plan and invoice have ids of the marker, end the plan, and return the customer's id."""
    begun = datetime.now(UTC) - timedelta(days=5)
    period = {"period_start": begun.isoformat(), "period_end": add_months(begun, 1).isoformat()}
    email = f"{MARKER}-{uuid4().hex[:8]}@example.com"
    own = {"email": email, "erp_customer_number": f"{MARKER}-old-erp"}
    bundle = with_invoice(with_plan(opening(f"{MARKER}-old", **{**CUSTOMER, **own}), **period), f"{MARKER}-1")
    bundle["invoices"][0]["plan"] = bundle["plans"][0]["external_id"]
    asked = {"customers": [bundle], "parallel_run": True}
    customer, plan, _ = (await _written(api, "POST", "/imports", asked))["records"]
    assert [one["outcome"] for one in (await _written(api, "POST", "/imports", asked))["records"]] == ["known"] * 3
    issued = {**bundle["invoices"][0], "external_id": f"{MARKER}-2", "number": f"{MARKER} number"}
    line = {"invoice": f"{MARKER}-2", "description": f"{MARKER} line", "amount": 4800}
    await _written(api, "POST", "/parallel-run/invoices", {"invoices": [issued], "invoice_lines": [line]})
    await ended(api, plan["id"])
    IMPORTED.append(asked)
    return str(customer["id"])


async def _is_decided(api: httpx.AsyncClient, plan_id: str) -> bool:
    return await plan_status(api, plan_id) != "never_started"


async def _sent_invoice(api: httpx.AsyncClient, plan_id: str) -> str:
    found: list[dict[str, Any]] = []

    async def is_sent() -> bool:
        found[:] = (await api.get(f"/api/v1/plans/{plan_id}/invoices")).json()["invoices"]
        return bool(found) and found[0]["status"] == "open"

    await until(is_sent)
    return str(found[0]["id"])


def _tables(url: str) -> Iterator[str]:
    """Yield the tables that hold the marker, as a superuser reads them."""
    with psycopg.connect(url) as connection:
        for name in sorted(Base.metadata.tables):
            query = sql.SQL("SELECT t::text FROM {} t WHERE t::text ILIKE %s LIMIT 1").format(sql.Identifier(name))
            for (row,) in connection.execute(query, [f"%{MARKER}%"]):
                at = row.lower().index(MARKER)
                yield f"{name}: {row[max(at - 60, 0) : at + 30]}"


async def _at_stripe(env: ApiEnvironment) -> list[Any]:
    """Return what Stripe holds, besides what nobody can change there: whom a finalized invoice was for."""
    held = [await env.control("GET", f"/state?kind={kind}") for kind in AT_STRIPE]
    found = [one for answer in held for one in answer["objects"]]
    return [{name: value for name, value in one.items() if name not in AS_ISSUED} for one in found]


async def check_erasure(api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str, log: Any) -> None:
    """Write about a customer wherever a client can, erase it, and look for what was written."""
    customer_id = await _marked_customer(api, env)
    await _marked_invoices(api, customer_id)
    imported_id = await _marked_import(api)
    assert await _without_a_marker(api) == set()
    assert any(_tables(env_database_url))

    for erased in (customer_id, imported_id):
        await _written(api, "POST", f"/customers/{erased}/erase")

    [again] = (await _written(api, "POST", "/imports", IMPORTED.pop()))["records"][:1]
    assert (again["outcome"], again["code"]) == ("refused", "erased_since")
    assert list(_tables(env_database_url)) == []
    kept = await histories(env, "")
    at_stripe = [json.dumps(held) for held in await _at_stripe(env)]
    pages = [
        (await api.get(f"/api/v1/{page}", params={"limit": 100})).text for page in ("audit", "events", "customers")
    ]
    for text in (kept, log.getvalue(), *pages, *at_stripe):
        assert MARKER not in text.lower()


@pytest.mark.full
async def test_what_clients_wrote_about_a_customer_is_nowhere_after_its_erasure(
    api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str, log: Any
) -> None:
    await check_erasure(api, env, env_database_url, log)


async def test_a_kept_answer_is_gone_with_its_customer(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await env.customer(card=None)
    path, key = f"/api/v1/customers/{customer.customer_id}", {"Idempotency-Key": uuid4().hex}
    first = await api.put(f"{path}/settings", json=SETTINGS, headers=key)
    again = await api.put(f"{path}/settings", json=SETTINGS, headers=key)
    assert MARKER in first.text
    assert again.headers["Idempotent-Replayed"] == "true"

    (await api.post(f"{path}/erase")).raise_for_status()

    gone = await api.put(f"{path}/settings", json=SETTINGS, headers=key)
    assert (gone.status_code, gone.json()["code"]) == (409, "customer_erased")


async def test_nothing_is_written_about_an_erased_customer(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await env.customer(card=None)
    path = f"/customers/{customer.customer_id}"
    (await api.post(f"/api/v1{path}/erase")).raise_for_status()
    writes: Mapping[str, tuple[str, object]] = {
        path: ("PATCH", {"name": "Acme"}),
        f"{path}/settings": ("PUT", SETTINGS),
        f"{path}/contacts": ("POST", {"email": "ann@acme.example"}),
        f"{path}/billing-accounts": ("POST", {"name": "Other"}),
        f"{path}/projects": ("POST", {"name": "Sales"}),
        f"{path}/credits": ("POST", {"amount": 10, **WHY}),
        f"{path}/sponsorship-requests": ("POST", {"organization_type": "x", "description": "x", "expected_users": 1}),
        f"{path}/suspend": ("POST", WHY),
        f"{path}/activate": ("POST", WHY),
        f"{path}/deactivate": ("POST", WHY),
        f"{path}/onboard": ("POST", {}),
        f"/deployments/{customer.deployment_id}/seats": ("POST", SEATS),
        "/plans": ("POST", {"customer_id": customer.customer_id, "tier": "cloud_standard", "schedule": "monthly"}),
    }

    for address, (method, body) in writes.items():
        answer = await api.request(method, f"/api/v1{address}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "customer_erased"), address
