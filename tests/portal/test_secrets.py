"""No token of the portal's is anywhere but with whom it is for: not in logs, traces, metrics, rows or headers."""

import asyncio
import io
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from http import HTTPStatus

import httpx
import psycopg
import pytest
from psycopg import sql

from billflow.models.contracts.console import SessionToken
from billflow.models.tables import Base
from billflow.telemetry.logging import configure_logging
from billflow.telemetry.otel import tracing_here
from tests.api_environment import ApiEnvironment, api_environment, until
from tests.console.people import Acme, bought
from tests.databases import migrated_database
from tests.namespaces import fresh_namespace
from tests.portal.visitors import FrameBrowser, PortalBrowser, frame_token_in, link_of, token_in
from tests.telemetry.otlp import Receiver, receiving

ORIGIN = "https://app.example"


@dataclass(frozen=True)
class Talkative:
    """A running billflow at the level `debug`, traced: where its log, its traces and its rows are."""

    env: ApiEnvironment
    api: httpx.AsyncClient
    log: io.StringIO
    receiver: Receiver
    database_url: str
    acme: Acme


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Yield what is logged to standard error."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    yield written
    monkeypatch.undo()
    configure_logging("json", "warning")


@pytest.fixture
async def talkative(
    log: io.StringIO, postgres_url: str, temporal_server: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Talkative]:
    """Yield a billflow with one customer."""
    database = await migrated_database(postgres_url, "talkative")
    client = await fresh_namespace(temporal_server, "talkative")
    with receiving() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        tracing = tracing_here()
        assert tracing
        async with api_environment(database, client, tracing=tracing) as env, env.client(await env.key()) as api:
            acme = await bought(env, api)
            configure_logging("json", "debug")
            yield Talkative(env, api, log, receiver, database, acme)


def forms_of(token: str) -> list[str]:
    """Return the texts in which a token's secret could stand: as it is written, and its bytes as digits."""
    read = SessionToken.read(token)
    assert read
    return [token, token[-43:], token.encode().hex(), read.secret.hex(), str(read.secret)]


def all_texts(url: str) -> str:
    """Return every row of every table, as text."""
    with psycopg.connect(url) as connection:
        tables = [sql.Identifier(name) for name in sorted(Base.metadata.tables)]
        rows = [
            row for table in tables for row in connection.execute(sql.SQL("SELECT t::text FROM {} AS t").format(table))
        ]
    return "\n".join(str(row[0]) for row in rows)


async def visited(here: Talkative) -> tuple[list[str], list[httpx.Response]]:
    """Go through all that tokens are for; return every token there was, and every answer."""
    api, env, customer = here.api, here.env, here.acme.customer["id"]
    (await api.put("/api/v1/portal", json={"embed_origins": [ORIGIN]})).raise_for_status()
    kept = {"Idempotency-Key": "one-link"}
    made = await api.post(f"/api/v1/customers/{customer}/portal-links", json={}, headers=kept)
    link, frame_link = made.raise_for_status().json(), await link_of(api, customer, origin=ORIGIN)
    revoked = await link_of(api, customer)
    (await api.delete(f"/api/v1/customers/{customer}/portal-links/{revoked['id']}")).raise_for_status()
    async with env.client() as http:
        window, frame = PortalBrowser(http), FrameBrowser(http, org_id=env.org_id)
        answers = [
            await window.get("/open", token=token_in(link)),
            await window.post("/open", token=token_in(revoked)),
            await window.post("/open", token=token_in(link)),
            await window.get("/"),
            await window.get(f"/plans/{here.acme.plan['id']}/licenses", value="3"),
            await window.get("/details", done="saved"),
            await window.post("/details", csrf_token="forged"),
            await window.get(f"/nowhere/{token_in(link)}", token=token_in(link)),
            await frame.get("/open"),
            await frame.post("/open", token=frame_token_in(frame_link)),
            await frame.post("/open", token=frame_token_in(frame_link)),
            await frame.get("/"),
            await frame.get("/card"),
            await window.get("/card"),
        ]
        unopened = frame_token_in(await link_of(api, customer, origin=ORIGIN))
        answers += await failed(here, window, frame, unopened)
        tokens = [token_in(link), token_in(revoked), frame_token_in(frame_link), unopened]
        tokens += [window.cookie, frame.cookie]
    return tokens, answers


async def failed(here: Talkative, window: PortalBrowser, frame: FrameBrowser, token: str) -> list[httpx.Response]:
    """Let requests with tokens fail by a fault of ours: settings in a row that nobody can read."""
    with psycopg.connect(here.database_url, autocommit=True) as connection:
        broken = 'UPDATE org SET settings = settings || \'{"portal": {"embed_origins": 5}}\''
        assert connection.execute(broken).rowcount
        try:
            return [await window.get("/", token=token), await frame.post("/open", token=token)]
        finally:
            connection.execute("UPDATE org SET settings = settings - 'portal'")


@pytest.mark.full
async def test_no_token_is_in_any_log_trace_metric_row_or_header_that_is_sent(talkative: Talkative) -> None:
    tokens, answers = await visited(talkative)

    async def is_traced() -> bool:
        return any(span.name == "POST /portal/open" or "/portal" in span.name for _, span in talkative.receiver.spans())

    await until(is_traced)
    rows = await asyncio.to_thread(all_texts, talkative.database_url)
    places = {
        "log": talkative.log.getvalue(),
        "traces": str(talkative.receiver.requests),
        "metrics": talkative.env.exposition().decode(),
        "rows": rows,
        "audit": str((await talkative.api.get("/api/v1/audit", params={"limit": 100})).json()),
        "addresses": str([(str(one.headers.get("location")), one.headers.get("link")) for one in answers]),
    }

    assert [answer.status_code for answer in answers[-2:]] == [HTTPStatus.INTERNAL_SERVER_ERROR] * 2
    assert "request failed" in places["log"]
    assert "portal_link" in places["rows"]
    assert '"/portal/open"' in places["metrics"] or "/portal/plans/{plan_id}/{action}" in places["metrics"]
    assert len(tokens) == len(set(tokens)) == 6
    found = [(place, n) for place, text in places.items() for n, one in enumerate(tokens) if _holds(text, one)]
    assert found == []
    assert {one.headers["referrer-policy"] for one in answers} == {"no-referrer"}


def _holds(text: str, token: str) -> bool:
    return any(form in text for form in forms_of(token))
