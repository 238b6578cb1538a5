"""What an operator looks at: read by everybody who is signed in, keys, endpoints and the log by administrators."""

from http import HTTPStatus

import httpx
import pytest

from billflow.models.contracts.console import ConsoleRole
from tests.api_environment import ApiEnvironment
from tests.console.people import Acme, browsing

OPEN = ("/operate", "/operate/terms", "/operate/catalog/1", "/operate/clocks")
OF_ADMINS = (
    "/operate/keys",
    "/operate/endpoints",
    "/operate/endpoints/{endpoint}",
    "/operate/audit",
    "/operate/audit/verify",
    "/operate/audit/roots",
)


@pytest.mark.parametrize("role", [ConsoleRole.VIEWER, ConsoleRole.FINANCE])
async def test_keys_endpoints_and_the_log_are_for_administrators(
    env: ApiEnvironment, acme: Acme, role: ConsoleRole
) -> None:
    async with browsing(env, role) as person:
        for path in OPEN:
            assert (await person.get(path)).status_code == HTTPStatus.OK, path
        for path in OF_ADMINS:
            answer = await person.get(path.format(endpoint=acme.endpoint["id"]))
            assert (answer.status_code, "scope_missing" in answer.text) == (HTTPStatus.FORBIDDEN, True), path
        page = await person.get("/operate")

    assert "/operate/keys" not in page.text


async def test_an_administrator_sees_them_and_no_secret(
    env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme
) -> None:
    clock = await api.post("/api/v1/test-clocks", json={"name": "two years", "now_at": "2026-01-31T00:00:00Z"})
    key = await env.key()
    async with browsing(env, ConsoleRole.ADMIN) as person:
        pages = {path: await person.get(path.format(endpoint=acme.endpoint["id"])) for path in (*OPEN, *OF_ADMINS)}
        entries = await person.get("/operate/audit", subject_type="webhook_endpoint", actor="nobody")
        clocks = await person.get("/operate/clocks")

    assert clock.is_success
    assert {path for path, page in pages.items() if page.status_code != HTTPStatus.OK} == set()
    for path, said in (
        ("/operate/terms", "Cloud Standard"),
        ("/operate/catalog/1", "cloud_standard"),
        ("/operate/keys", "read, support, write"),
        ("/operate/endpoints", acme.endpoint["url"]),
        ("/operate/endpoints/{endpoint}", acme.endpoint["url"]),
        ("/operate/audit", "console session"),
        ("/operate/audit/verify", "The log is as it was written"),
        ("/operate/audit/roots", "Signed roots"),
    ):
        assert said in pages[path].text, path
    assert "two years" in clocks.text
    assert "None fits." in entries.text
    shown = "".join(page.text for page in pages.values())
    assert key not in shown
    assert acme.endpoint["secret"] not in shown


async def test_what_is_not_there_is_not_found(env: ApiEnvironment) -> None:
    async with browsing(env, ConsoleRole.ADMIN) as person:
        for path in ("/operate/endpoints/7", "/operate/catalog/99", "/operate/secrets"):
            assert (await person.get(path)).status_code == HTTPStatus.NOT_FOUND, path
        wrong = await person.get("/operate/audit", since="then")
        cursor = await person.get("/operate/endpoints", after="x")

    assert (wrong.status_code, cursor.status_code) == (HTTPStatus.UNPROCESSABLE_ENTITY,) * 2
