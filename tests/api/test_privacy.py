"""Who a customer is stays out of logs, workflows and metrics, and can be exported and erased, at Stripe too."""

import base64
import io
import json
import logging
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import stripe
from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.common.v1 import Payload

from billflow.domain.scopes import Scope
from billflow.settings import payload_keyring
from billflow.telemetry.logging import configure_logging
from billflow.temporal.codec import EncryptionCodec
from tests.api_environment import ApiEnvironment, until

CANARY = "Kanarienvogel"
NOW = datetime.now(UTC)
_PAYLOAD = re.compile(r'"data":\s*"([^"]*)"')


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Yield what is logged meanwhile, in every detail that the log may ever hold."""
    written = io.StringIO()
    configure_logging("json", "debug")
    root = logging.getLogger()
    handler = logging.StreamHandler(written)
    handler.setFormatter(root.handlers[0].formatter)
    root.addHandler(handler)
    yield written
    configure_logging("json", "warning")


async def canary(env: ApiEnvironment, api: httpx.AsyncClient) -> dict[str, Any]:
    """Create a customer that is easily found, with seats and a card."""
    person = {
        "name": f"{CANARY} GmbH",
        "email": f"{CANARY.lower()}-{uuid4().hex[:8]}@example.com",
        "billing_address": {"street": f"{CANARY}weg 7", "country": "DE"},
        "settings": {"company": {"tax_id": f"DE{CANARY}"}},
    }
    made: dict[str, Any] = (await api.post("/api/v1/customers", json=person)).raise_for_status().json()
    seats = {"observed_at": (NOW - timedelta(hours=1)).isoformat(), "members": 7}
    (await api.post(f"/api/v1/deployments/{made['deployment_id']}/seats", json=seats)).raise_for_status()
    await env.give_card(made["id"])
    return made


async def subscribed(api: httpx.AsyncClient, customer_id: str) -> str:
    """Buy a plan and return its id."""
    asked = {"customer_id": customer_id, "tier": "cloud_standard", "schedule": "monthly"}
    return str((await api.post("/api/v1/plans", json=asked)).raise_for_status().json()["plan"]["id"])


async def ended(api: httpx.AsyncClient, plan_id: str) -> None:
    """End a plan at once."""
    command = {"type": "end_now", "void_open_invoices": True}
    (await api.post(f"/api/v1/plans/{plan_id}/commands", json=command)).raise_for_status()


async def histories(env: ApiEnvironment, *ids: str) -> str:
    """Return all that Temporal keeps of the workflows about some ids: search attributes, memos, payloads."""
    told, decoded = [], []
    async for found in env.engine.client.list_workflows():
        if any(key in found.id for key in ids):
            handle = env.engine.client.get_workflow_handle(found.id, run_id=found.run_id)
            description = await handle.describe()
            told += [str(description.raw_description), (await handle.fetch_history()).to_json()]
            decoded += [MessageToDict(description.raw_description), json.loads(told[-1])]
    told += [base64.b64decode(held).decode(errors="replace") for text in told for held in _PAYLOAD.findall(text)]
    return "\n".join([*told, *[payload async for payload in _decrypted(env, decoded)]])


async def _decrypted(env: ApiEnvironment, documents: Iterable[object]) -> AsyncIterator[str]:
    """Yield what the codec makes of every payload in some JSON documents."""
    keyring = payload_keyring(env.engine.settings)
    for payload in (found for document in documents for found in _payloads(document)):
        read = await EncryptionCodec(keyring).decode([payload]) if keyring else [payload]
        yield read[0].data.decode(errors="replace")


def _payloads(value: Any) -> Iterator[Payload]:
    if isinstance(value, dict) and isinstance(value.get("metadata"), dict) and "encoding" in value["metadata"]:
        yield ParseDict(value, Payload())
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _payloads(part)


async def test_who_a_customer_is_stays_out_of_logs_workflows_and_metrics(
    env: ApiEnvironment, api: httpx.AsyncClient, log: io.StringIO
) -> None:
    customer = await canary(env, api)
    plan_id = await subscribed(api, customer["id"])
    (await api.post(f"/api/v1/customers/{customer['id']}/suspend", json={})).raise_for_status()
    (await api.post(f"/api/v1/customers/{customer['id']}/activate", json={})).raise_for_status()
    await ended(api, plan_id)
    doubled = {"name": f"{CANARY} again", "email": customer["email"]}
    assert (await api.post("/api/v1/customers", json=doubled)).status_code == 409
    (await api.get("/api/v1/customers", params={"q": CANARY, "email": customer["email"]})).raise_for_status()

    kept = await histories(env, plan_id, customer["id"])
    async with env.operator() as operator:
        metrics = (await operator.get("/metrics")).text
    assert plan_id in kept
    assert plan_id in log.getvalue()
    for text in (kept, metrics, log.getvalue()):
        assert CANARY.lower() not in text.lower()


async def test_a_customer_that_paid_all_can_be_exported_and_erased_at_stripe_too(
    env: ApiEnvironment, api: httpx.AsyncClient
) -> None:
    customer = await canary(env, api)
    path = f"/api/v1/customers/{customer['id']}"
    plan_id = await subscribed(api, customer["id"])
    refused = await api.post(f"{path}/erase")
    assert (refused.status_code, refused.json()["code"]) == (409, "live_plan")
    await ended(api, plan_id)
    export = (await api.get(f"{path}/export")).raise_for_status().json()
    assert export["records"]["customer"][0]["settings"] == {"company": {"tax_id": f"DE{CANARY}"}}
    stripe_id = export["records"]["billing_account"][0]["stripe_customer_id"]
    at_stripe = env.engine.stripe.v1.customers
    assert (await at_stripe.retrieve_async(stripe_id)).email == customer["email"]

    erased = await api.post(f"{path}/erase")

    assert erased.raise_for_status().json()["customer_id"] == customer["id"]
    assert (await api.get(path)).json()["name"] == "Erased customer"
    invoices = (await api.get("/api/v1/invoices", params={"customer_id": customer["id"]})).json()
    assert invoices["total"] == 1
    try:
        gone = getattr(await at_stripe.retrieve_async(stripe_id), "deleted", False)
    except stripe.InvalidRequestError as error:
        gone = error.code == "resource_missing"
    assert gone
    assert (await api.post(f"{path}/erase")).status_code == 200

    async def is_audited() -> bool:
        found = await api.get("/api/v1/audit", params={"subject_id": customer["id"]})
        return "customer.erased" in {entry["action"] for entry in found.json()["audit"]}

    await until(is_audited)


async def test_only_an_administrator_exports_and_erases(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    customer = await canary(env, api)
    async with env.client(await env.key(Scope.READ, Scope.WRITE, Scope.SUPPORT)) as client:
        assert (await client.get(f"/api/v1/customers/{customer['id']}/export")).status_code == 403
        assert (await client.post(f"/api/v1/customers/{customer['id']}/erase")).status_code == 403


async def test_the_audit_log_names_who_did_what_in_which_request(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    customer = await canary(env, api)
    path, request_id = f"/api/v1/customers/{customer['id']}", uuid4().hex
    changed = await api.patch(path, json={"erp_customer_number": request_id}, headers={"X-Request-Id": request_id})
    changed.raise_for_status()

    found = await api.get("/api/v1/audit", params={"subject_id": customer["id"], "action": "customer.updated"})
    (entry,) = found.raise_for_status().json()["audit"]
    assert entry["request_id"] == request_id
    assert entry["actor"].startswith("key:")
    assert (entry["before"], entry["after"]) == ({"erp_customer_number": None}, {"erp_customer_number": request_id})
    mine = {"actor": entry["actor"], "since": entry["recorded_at"], "limit": 1}
    page = (await api.get("/api/v1/audit", params=mine)).json()
    assert entry["id"] in {one["id"] for one in page["audit"]}
