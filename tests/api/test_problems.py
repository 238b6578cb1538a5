"""Bad requests get one clear problem each, and never an error of ours."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from billflow.api.middleware import MAX_BODY
from tests.api_environment import ApiEnvironment

PLANS = "/api/v1/plans"
JSON = {"Content-Type": "application/json"}


def problem(answer: httpx.Response) -> tuple[int, str]:
    told = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert told["status"] == answer.status_code
    assert told["type"] == f"urn:billflow:problem:{told['code']}"
    assert told["title"]
    assert told["detail"]
    return answer.status_code, str(told["code"])


async def test_every_wrong_field_is_named_at_once(api: httpx.AsyncClient) -> None:
    answer = await api.post(PLANS, json={"schedule": "weekly", "licenses": "many", "colour": "red"})

    assert problem(answer) == (422, "invalid_input")
    assert sorted(error["field"] for error in answer.json()["errors"]) == [
        "colour",
        "customer_id",
        "licenses",
        "schedule",
        "tier",
    ]


@pytest.mark.parametrize("licenses", [0, -3, 10**30])
async def test_the_domains_own_words_name_the_field(api: httpx.AsyncClient, licenses: int) -> None:
    asked = {"customer_id": str(uuid4()), "tier": "cloud_standard", "schedule": "monthly", "licenses": licenses}
    command = {"type": "set_licenses", "licenses": licenses}

    for answer in (await api.post(PLANS, json=asked), await api.post(f"{PLANS}/{uuid4()}/commands", json=command)):
        assert problem(answer)[0] == 422
        assert [error["field"] for error in answer.json()["errors"]] == ["licenses"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"name": ', (400, "malformed_body")),
        (b"\xff\xfe", (400, "malformed_body")),
        (b"[" * 100_000, (400, "malformed_body")),
        (b'{"name": "a", "email": "a@b.c", "metadata": {"n": ' + b"9" * 5000 + b"}}", (400, "malformed_body")),
        (b'{"name": "a", "email": "a@b.example", "metadata": {"n": NaN}}', (400, "malformed_body")),
        (b'{"name": "a", "email": "a@b.example", "metadata": {"n": [-1e999]}}', (422, "number_too_large")),
        (
            b'{"name": "a", "email": "a@b.example", "metadata": {"n": ' + b"[" * 90 + b"]" * 90 + b"}}",
            (422, "too_deep"),
        ),
        (b"[]", (422, "wrong_type")),
        (b"", (422, "field_missing")),
        (b'{"name": "a\\u0000b", "email": "a@b.example"}', (422, "bad_text")),
        (b'{"name": "a", "email": "a@b.example", "metadata": {"k": ["\\ud800"]}}', (422, "bad_text")),
        (b'{"name": "' + b"a" * MAX_BODY + b'", "email": "a@b.example"}', (413, "body_too_large")),
    ],
    ids=[
        "cut",
        "not UTF-8",
        "deep",
        "long number",
        "NaN",
        "beyond all doubles",
        "nested",
        "array",
        "empty",
        "NUL",
        "half a character",
        "large",
    ],
)
async def test_a_bad_body_is_the_clients_fault(
    api: httpx.AsyncClient, content: bytes, expected: tuple[int, str]
) -> None:
    assert problem(await api.post("/api/v1/customers", content=content, headers=JSON)) == expected


async def test_nul_is_refused_in_paths_and_queries_too(api: httpx.AsyncClient) -> None:
    assert problem(await api.get(f"{PLANS}/a%00b")) == (422, "bad_text")
    assert problem(await api.get("/api/v1/customers?q=a%00b")) == (422, "bad_text")


async def test_unknown_addresses_methods_and_ids_are_told_apart(api: httpx.AsyncClient) -> None:
    wrong_method = await api.delete(PLANS)

    assert problem(await api.get("/api/v1/nothing")) == (404, "no_such_route")
    assert problem(wrong_method) == (405, "method_not_allowed")
    assert wrong_method.headers["allow"] == "GET, HEAD, POST"
    assert (await api.post("/docs")).headers["allow"] == "GET, HEAD"
    for noun in ("plans", "invoices", "customers", "test-clocks"):
        for wrong in (uuid4(), "7"):
            assert problem(await api.get(f"/api/v1/{noun}/{wrong}")) == (404, "not_found")
    for part in ("ledger", "timeline", "invoices"):
        assert problem(await api.get(f"{PLANS}/{uuid4()}/{part}")) == (404, "not_found")


async def test_unknown_tiers_commands_and_moments_are_named(api: httpx.AsyncClient) -> None:
    customer = (await api.post("/api/v1/customers", json={"name": "T", "email": f"{uuid4().hex}@t.example"})).json()
    asked = {"customer_id": customer["id"], "tier": "gold", "schedule": "monthly"}

    assert problem(await api.post(PLANS, json=asked)) == (422, "unknown_tier")
    assert problem(await api.post(f"{PLANS}/{uuid4()}/commands", json={"type": "dance"}))[0] == 422
    upgrade = {"type": "upgrade_tier_now", "tier": "gold"}
    assert problem(await api.post(f"{PLANS}/{uuid4()}/commands", json=upgrade)) == (422, "unknown_tier")
    for moment in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "yesterday", "2026-01-01T00:00:00"):
        assert problem(await api.post("/api/v1/test-clocks", json={"now_at": moment}))[0] == 422
        assert problem(await api.get(PLANS, params={"next_invoice_before": moment}))[0] == 422
        command = {"type": "set_end_date", "end_date": moment}
        assert problem(await api.post(f"{PLANS}/{uuid4()}/commands", json=command))[0] == 422


async def test_an_e_mail_address_belongs_to_one_customer(api: httpx.AsyncClient) -> None:
    body = {"name": "Acme", "email": f"{uuid4().hex}@acme.example"}

    first = await api.post("/api/v1/customers", json=body)
    second = await api.post("/api/v1/customers", json={**body, "email": body["email"].upper()})

    assert first.status_code == 201
    assert problem(second) == (409, "email_taken")


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "offset=-1", "after=%25%25", "status=lost", "colour=red"])
async def test_a_list_takes_only_what_it_knows(api: httpx.AsyncClient, query: str) -> None:
    assert problem(await api.get(f"{PLANS}?{query}"))[0] == 422


@pytest.mark.full
async def test_ten_thousand_observations_are_one_request_and_no_more(api: httpx.AsyncClient) -> None:
    customer = (await api.post("/api/v1/customers", json={"name": "S", "email": f"{uuid4().hex}@s.example"})).json()
    path = f"/api/v1/deployments/{customer['deployment_id']}/seats"
    begin = datetime(2010, 1, 1, tzinfo=UTC)
    days = [{"observed_at": (begin + timedelta(hours=n)).isoformat(), "members": n} for n in range(10_001)]

    kept = await api.post(path, json=days[:-1])

    assert kept.status_code == 201
    assert kept.json()["received"] == 10_000
    assert problem(await api.post(path, json=days))[0] == 422


async def test_a_wrong_observation_is_named_by_its_place(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    path = f"/api/v1/customers/{(await env.customer(card=None)).customer_id}/seats"
    seats = [{"observed_at": "2026-01-01T00:00:00Z", "members": n} for n in (3, -1)]

    one = await api.post(path, json=seats[1])
    many = await api.post(path, json=seats)

    assert [error["field"] for error in one.json()["errors"]] == ["members"]
    assert [error["field"] for error in many.json()["errors"]] == ["1.members"]


async def test_a_request_id_comes_back_and_a_strange_one_is_replaced(api: httpx.AsyncClient) -> None:
    named = await api.get("/healthz", headers={"X-Request-Id": "order-4711"})
    strange = await api.get("/healthz", headers={"X-Request-Id": "a b"})

    assert named.headers["x-request-id"] == "order-4711"
    assert strange.headers["x-request-id"] not in ("a b", "")


async def test_the_openapi_has_examples_and_names_its_problems(api: httpx.AsyncClient) -> None:
    schema = (await api.get("/openapi.json")).json()

    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (path, method)
            if path.startswith("/api/v1"):
                assert "application/problem+json" in operation["responses"]["4XX"]["content"]
    assert "example" in json.dumps(schema["paths"]["/api/v1/plans"]["post"]["requestBody"])


async def test_a_number_that_no_double_holds_is_refused_with_its_field_wherever_json_is_free(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await env.customer(card=None)
    bodies = {
        ("POST", "/api/v1/customers"): (
            b'{"name": "a", "email": "a@b.example", "metadata": {"x": 1e999}}',
            "metadata.x",
        ),
        ("PATCH", f"/api/v1/customers/{customer.customer_id}"): (b'{"metadata": {"x": [-1e999]}}', "metadata.x.0"),
        ("PUT", f"/api/v1/customers/{customer.customer_id}/settings"): (b'{"y": {"z": 1e999}}', "y.z"),
    }

    for (method, path), (content, field) in bodies.items():
        answer = await api.request(method, path, content=content, headers=JSON)
        assert problem(answer) == (422, "number_too_large"), path
        assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_an_endpoint_for_a_type_that_never_comes_is_refused_with_the_nearest(api: httpx.AsyncClient) -> None:
    asked = {"url": "https://example.com/events", "event_types": ["invoice.paid", "invoice.payd"]}
    answer = await api.post("/api/v1/webhook-endpoints", json=asked)

    assert problem(answer) == (422, "unknown_event_type")
    assert "did you mean 'invoice.paid'?" in answer.json()["detail"]
