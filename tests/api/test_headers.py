"""No answer of the API may be kept by a cache, guessed at or framed by a browser."""

import re

import httpx
import pytest
from fastapi import APIRouter

from billflow.api.app import create_app
from billflow.api.server import serving
from billflow.dev.ports import LOOPBACK
from billflow.wiring.api import api_services
from tests.api_environment import ApiEnvironment
from tests.waiting import PATIENCE

EVERYWHERE = {"x-content-type-options": "nosniff", "cache-control": "no-store", "referrer-policy": "no-referrer"}


def assert_safe(answer: httpx.Response) -> None:
    assert EVERYWHERE.items() <= dict(answer.headers).items(), answer.request.url
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/metrics", 404),
        ("GET", "/openapi.json", 200),
        ("GET", "/docs", 200),
        ("GET", "/static-offline-docs/swagger-ui.css", 200),
        ("GET", "/api/v1/plans", 200),
        ("GET", "/api/v1/plans/none", 404),
        ("DELETE", "/api/v1/plans", 405),
        ("POST", "/api/v1/customers", 422),
        ("POST", "/api/v1/webhooks/stripe", 400),
        ("POST", "/codec/decode", 200),
        ("GET", "/nowhere", 404),
    ],
)
async def test_every_kind_of_answer_carries_them(api: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    answer = await api.request(method, path, json={})

    assert answer.status_code == status
    assert_safe(answer)


async def test_who_has_no_key_sends_too_much_or_asks_again_gets_them_too(api: httpx.AsyncClient) -> None:
    known = await api.get("/api/v1/catalog")
    again = await api.get("/api/v1/catalog", headers={"If-None-Match": known.headers["etag"]})
    huge = await api.post("/api/v1/customers", content=b"a" * 3_000_000)
    async with httpx.AsyncClient(base_url=api.base_url, timeout=PATIENCE) as stranger:
        refused = await stranger.get("/api/v1/plans")

    assert [again.status_code, huge.status_code, refused.status_code] == [304, 413, 401]
    for answer in (again, huge, refused):
        assert_safe(answer)


async def test_an_answer_that_broke_carries_them(env: ApiEnvironment) -> None:
    app, broken = create_app(api_services(env.engine)), APIRouter()

    @broken.get("/broken")
    async def fail() -> None:
        raise ZeroDivisionError

    app.include_router(broken)
    async with (
        serving(app, LOOPBACK, 0) as url,
        httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client,
    ):
        answer = await client.get("/broken")

    assert answer.status_code == 500
    assert_safe(answer)


async def test_only_the_page_of_the_description_runs_scripts_and_only_its_own(api: httpx.AsyncClient) -> None:
    policies = {
        path: (await api.get(path)).headers["content-security-policy"] for path in ("/docs", "/docs/x", "/metrics")
    }

    page = (await api.get("/docs")).text
    assert "script-src 'self';" in policies["/docs"]
    assert page.count("<script") == page.count("<script src=") == 2
    assert not re.findall(r"\son[a-z]+=", page)
    assert "http" not in policies["/docs"]
    assert policies["/docs/x"] == policies["/metrics"] == "default-src 'none'; frame-ancestors 'none'"


async def test_head_is_answered_as_get_without_the_body(api: httpx.AsyncClient) -> None:
    for path in ("/api/v1/plans", "/api/v1/catalog", "/api/v1/plans/7", "/healthz", "/docs", "/openapi.json"):
        whole, head = await api.get(path), await api.head(path)

        assert (head.status_code, head.content) == (whole.status_code, b"")
        assert head.headers["content-type"] == whole.headers["content-type"]
        assert head.headers["content-length"] == whole.headers["content-length"]
        assert head.headers.get("etag") == whole.headers.get("etag")


async def test_head_where_nothing_is_read_names_what_is_taken(api: httpx.AsyncClient) -> None:
    answer = await api.head("/api/v1/catalog/diff")

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
