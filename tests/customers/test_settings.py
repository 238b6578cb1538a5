"""Settings: merged, checked, taken away, and inherited from customer to project to channel."""

import httpx
import pytest

from tests.api_environment import ApiEnvironment
from tests.customers.fixtures import Json, at, created, events_of

ENTERPRISE = {
    "company": {
        "legal_name": "Acme Corporation Inc.",
        "tax_id": "12-3456789",
        "address": "123 Main St, San Francisco, CA",
    },
    "billing": {"currency": "USD", "payment_method": "credit_card", "billing_cycle": "monthly", "auto_renew": True},
    "security": {"require_2fa": True, "password_policy": "strong", "session_timeout": 30},
    "features": {
        "max_projects": 10,
        "max_users": 50,
        "max_contacts": 100000,
        "ai_enabled": True,
        "analytics_enabled": True,
    },
}


async def test_the_enterprise_customer_of_the_seed_keeps_its_settings(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await created(api)

    await api.put(at(customer, "settings"), json=ENTERPRISE)

    assert (await api.get(at(customer, "settings"))).json() == {"settings": ENTERPRISE}
    assert (await api.get(at(customer))).json()["settings"] == ENTERPRISE
    assert (await events_of(env, customer))[-1] == "customer.settings_updated"


async def test_a_put_merges_and_null_takes_a_key_away(api: httpx.AsyncClient) -> None:
    customer = await created(api, settings={"features": {"max_projects": 1, "max_users": 5}, "theme": "dark"})

    changed = await api.put(at(customer, "settings"), json={"features": {"max_projects": 20, "max_users": None}})

    assert changed.json() == {"success": True, "settings": {"features": {"max_projects": 20}, "theme": "dark"}}


async def test_one_setting_is_taken_away_by_its_path(api: httpx.AsyncClient) -> None:
    customer = await created(api, settings={"features": {"max_projects": 1, "max_users": 5}, "theme": "dark"})

    left = await api.delete(at(customer, "settings", "features.max_users"))
    unknown = await api.delete(at(customer, "settings", "features.max_users"))
    section = await api.delete(at(customer, "settings", "features"))

    assert left.json()["settings"] == {"features": {"max_projects": 1}, "theme": "dark"}
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    assert section.json()["settings"] == {"theme": "dark"}


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"features": {"max_projects": "ten"}}, "features.max_projects"),
        ({"features": {"max_users": 1.5}}, "features.max_users"),
        ({"features": {"ai_enabled": "yes"}}, "features.ai_enabled"),
        ({"security": {"session_timeout": 0}}, "security.session_timeout"),
        ({"security": {"require_2fa": 1}}, "security.require_2fa"),
        ({"billing": {"currency": "XYZ"}}, "billing.currency"),
        ({"billing": {"billing_cycle": "weekly"}}, "billing.billing_cycle"),
        ({"company": {"legal_name": 5}}, "company.legal_name"),
        ({"company": "Acme"}, "company"),
    ],
    ids=str,
)
async def test_a_wrong_setting_is_named_and_nothing_is_kept(
    api: httpx.AsyncClient, bad: dict[str, object], field: str
) -> None:
    customer = await created(api)

    answer = await api.put(at(customer, "settings"), json={"theme": "dark", **bad})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert (await api.get(at(customer, "settings"))).json() == {"settings": {}}


async def test_keys_we_do_not_know_are_kept_as_they_are(api: httpx.AsyncClient) -> None:
    customer = await created(api)
    own = {"features": {"beta": [1, {"a": None}]}, "branding": {"logo": "🦉"}, "session_timeout": 30}

    await api.put(at(customer, "settings"), json=own)

    assert (await api.get(at(customer, "settings"))).json() == {"settings": own}


async def test_settings_have_a_size(api: httpx.AsyncClient) -> None:
    customer = await created(api, settings={"one": "x" * 40_000})

    answer = await api.put(at(customer, "settings"), json={"two": "x" * 40_000})

    assert (answer.status_code, answer.json()["code"]) == (422, "too_large")
    assert list((await api.get(at(customer, "settings"))).json()["settings"]) == ["one"]


async def test_a_channel_inherits_what_its_project_overrides(api: httpx.AsyncClient) -> None:
    customer = await created(api, settings={"session_timeout": 30, "ai_enabled": True})
    project = await _made(api, at(customer, "projects"), name="Sales", settings={"session_timeout": 60})
    channel = await _made(api, f"/api/v1/projects/{project['id']}/channels", name="whatsapp", settings={"color": "red"})
    path = f"/api/v1/projects/{project['id']}/channels/{channel['id']}/settings"

    own = (await api.get(path)).json()
    resolved = (await api.get(path, params={"resolved": True})).json()

    assert own == {"settings": {"color": "red"}}
    assert resolved["settings"] == {"session_timeout": 60, "ai_enabled": True, "color": "red"}
    assert sorted((one["key"], one["value"], one["source"], one["source_id"]) for one in resolved["resolved"]) == [
        ("ai_enabled", True, "customer", customer["id"]),
        ("color", "red", "channel", channel["id"]),
        ("session_timeout", 60, "project", project["id"]),
    ]


async def test_a_project_says_where_its_settings_come_from(api: httpx.AsyncClient) -> None:
    customer = await created(api, settings={"features": {"max_users": 50, "ai_enabled": True}})
    project = await _made(api, at(customer, "projects"), name="Sales", settings={"features": {"ai_enabled": False}})

    of_project = (await api.get(at(customer, "projects", project["id"], "settings"), params={"resolved": True})).json()
    of_customer = (await api.get(at(customer, "settings"), params={"resolved": True})).json()

    assert of_project["settings"] == {"features": {"max_users": 50, "ai_enabled": False}}
    assert {one["key"]: one["source"] for one in of_project["resolved"]} == {
        "features.max_users": "customer",
        "features.ai_enabled": "project",
    }
    assert {one["source"] for one in of_customer["resolved"]} == {"customer"}


async def _made(api: httpx.AsyncClient, path: str, **body: object) -> Json:
    answer = await api.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())
