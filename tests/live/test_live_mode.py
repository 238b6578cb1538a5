"""Live mode as a customer meets it, and what it refuses; nothing of it is played in what production installs."""

import asyncio
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest

from billflow.models.contracts.access import Mode
from billflow.models.contracts.webhooks import ForeignReason
from billflow.payments.mode import LIVE_ON_LOOPBACK, check_base
from billflow.settings import SettingsError
from tests.api.test_foreign_events import stored, tenants
from tests.api.test_plans import plan_status
from tests.api.test_privacy import canary, histories, subscribed
from tests.api.test_webhooks import deliver, event_of, kept
from tests.api_environment import ApiEnvironment, until
from tests.cli.terminal import assert_refused, billflow, environment
from tests.live.conftest import KEY, LIVE_KEY
from tests.namespaces import variables
from tests.sizes import further
from tests.source import ROOT

LOOPBACK_URL = "http://127.0.0.1:12111"


@pytest.mark.full
async def test_a_plan_is_bought_with_real_money_and_stripes_live_events_are_handled(
    api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str
) -> None:
    customer = await canary(env, api)
    plan_id = await subscribed(api, customer["id"])
    invoices = (await api.get("/api/v1/invoices", params={"customer_id": customer["id"]})).json()["invoices"]
    held = await env.engine.stripe.v1.invoices.retrieve_async(invoices[0]["stripe_invoice_id"])
    event = {**event_of("invoice.paid", invoices[0]["id"], env.org_id, stripe_invoice_id=held.id), "livemode": True}

    answer = await deliver(api, env, event)

    async def is_handled() -> bool:
        return await kept(env_database_url, event["id"]) == [(True,)]

    await until(is_handled)
    assert answer.json()["is_new"]
    assert (env.engine.mode, held.livemode, held.status) == (Mode.LIVE, True, "paid")
    assert await plan_status(api, plan_id) == "active"


async def test_an_event_of_test_mode_is_nobodys(
    api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str
) -> None:
    event = event_of("invoice.paid", str(uuid4()), env.org_id)

    assert (await deliver(api, env, event)).status_code == 200
    assert await stored(env, event["id"]) == [ForeignReason.WRONG_MODE]
    assert await tenants(env_database_url, event["id"]) == []


async def test_what_is_for_tests_only_is_refused(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    clock = await api.post("/api/v1/test-clocks", json={"name": "mine", "now": "2026-01-31T00:00:00Z"})
    endpoint = await api.post("/api/v1/webhook-endpoints", json={"url": "http://127.0.0.1:9/events"})
    key = str(api.headers["authorization"]).replace("bf_live_", "bf_test_")
    of_tests = await api.get("/api/v1/plans", headers={"Authorization": key})

    assert env.engine.settings.webhook_private_addresses
    assert clock.status_code in (403, 409, 422), clock.text
    assert endpoint.status_code == 422, endpoint.text
    assert (of_tests.status_code, of_tests.json()["code"]) == (401, "wrong_mode")


async def test_nothing_personal_is_readable_in_temporal_or_in_what_is_sealed(
    api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str
) -> None:
    customer = await canary(env, api)
    plan_id = await subscribed(api, customer["id"])

    kept_there = await histories(env, plan_id)
    with psycopg.connect(env_database_url) as connection:
        (address,) = connection.execute(
            "SELECT billing_address::text FROM customer WHERE id = %s", [customer["id"]]
        ).fetchone() or ("",)
    assert "YmluYXJ5L2VuY3J5cHRlZA" in kept_there  # binary/encrypted, as base64
    assert "Kanarienvogel" not in kept_there
    assert "weg 7" not in address
    assert "$sealed" in address


@pytest.mark.full
@pytest.mark.parametrize("command", ["api", *further("worker")])
async def test_a_login_that_may_do_more_than_run_serves_nobody(
    env: ApiEnvironment, env_database_url: str, command: str
) -> None:
    settings = {
        "DATABASE_URL": env_database_url,
        "STRIPE_API_KEY": LIVE_KEY,
        "STRIPE_API_BASE": env.stripe_url,
        "STRIPE_WEBHOOK_SECRET": "whsec_x",
        "BILLFLOW_ENCRYPTION_KEYS": KEY.text(),
        LIVE_ON_LOOPBACK: "1",
    }
    run = partial(billflow, command, env=environment(None, **settings, **variables(env.engine.client)))

    assert_refused(await asyncio.to_thread(run), "The login in DATABASE_URL is a superuser")


async def test_without_encryption_keys_a_live_key_serves_nobody(env: ApiEnvironment, env_database_url: str) -> None:
    settings = {
        "DATABASE_URL": env_database_url,
        "STRIPE_API_KEY": LIVE_KEY,
        "STRIPE_API_BASE": env.stripe_url,
        LIVE_ON_LOOPBACK: "1",
    }

    refused = await asyncio.to_thread(billflow, "worker", env=environment(None, **settings))

    assert_refused(refused, "BILLFLOW_ENCRYPTION_KEYS is not set")


@pytest.mark.parametrize("address", ["http://10.0.0.1:12111", "http://stripe.example", "http://localhost.example"])
@pytest.mark.usefixtures("live_on_loopback")
def test_even_our_tests_send_a_live_key_nowhere_else(address: str) -> None:
    check_base(LIVE_KEY, LOOPBACK_URL)
    with pytest.raises(SettingsError, match="is a live key"):
        check_base(LIVE_KEY, address)


@pytest.mark.parametrize("value", ["", "0", "yes"])
def test_without_its_variable_a_live_key_goes_to_stripe_only(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIVE_ON_LOOPBACK, value)
    with pytest.raises(SettingsError, match="is a live key"):
        check_base(LIVE_KEY, LOOPBACK_URL)


async def test_what_production_installs_refuses_though_the_variable_is_set(tmp_path: Path) -> None:
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    shutil.copytree(ROOT / "src" / "billflow", packages / "billflow")
    program = f"from billflow.payments.mode import check_base; check_base({LIVE_KEY!r}, {LOOPBACK_URL!r})"
    settings = {**os.environ, "PYTHONPATH": str(packages), LIVE_ON_LOOPBACK: "1"}

    command = [sys.executable, "-c", program]
    run = partial(subprocess.run, env=settings, capture_output=True, text=True, check=False, cwd=tmp_path)

    done = await asyncio.to_thread(run, command)

    assert done.returncode == 1
    assert "SettingsError: STRIPE_API_KEY is a live key" in done.stderr


def test_the_image_installs_a_package_not_a_checkout() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    installs = [line for line in lines if "pip install" in line]

    assert installs[-1].endswith("--no-build-isolation .")
    assert not [line for line in installs if " -e " in line or "--editable" in line]
    assert not [line for line in lines if line.startswith(("COPY tests", "COPY . "))]
