"""Keys open one organization in one mode, for what they have scopes for, and no longer than they are valid."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from billflow.api.app import create_app
from billflow.api.authentication import CACHED_FOR, USUAL_RATE, Authentication
from billflow.api.rate_limits import RateLimiter
from billflow.api.server import serving
from billflow.dev.ports import LOOPBACK
from billflow.domain.scopes import Scope
from billflow.errors import Unauthorized
from billflow.models.contracts.access import ApiKeyRecord, Mode, NewApiKey, PresentedKey
from billflow.models.contracts.customers import ChangeContext
from billflow.wiring.api import api_services
from tests.api_environment import ApiEnvironment
from tests.waiting import PATIENCE

PLANS = "/api/v1/plans"
ADDRESS = "198.51.100.7"


def change() -> ChangeContext:
    return ChangeContext(actor="tests", at=datetime.now(UTC))


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def known(env: ApiEnvironment, key: str) -> ApiKeyRecord | None:
    presented = PresentedKey.read(key)
    assert presented
    return await env.engine.repositories.api_keys.find_valid(presented, datetime.now(UTC))


async def test_without_a_key_nothing_opens_but_what_must(env: ApiEnvironment) -> None:
    async with env.client() as client:
        document = (await client.get("/openapi.json")).json()
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                answer = await client.request(method, path)
                if path.startswith("/api/v1") and path != "/api/v1/webhooks/stripe":
                    assert (answer.status_code, answer.json()["code"]) == (401, "api_key_missing"), path
                    assert answer.headers["www-authenticate"].startswith("Bearer")
                    assert operation["security"][0]["ApiKey"][0] in set(Scope)
                else:
                    assert answer.status_code != 401, path


@pytest.mark.parametrize("shown", ["Bearer", "Basic YTpi", "Bearer x", "Bearer bf_test_", f"Bearer bf_test_{'A' * 86}"])
async def test_what_is_no_key_opens_nothing(env: ApiEnvironment, shown: str) -> None:
    async with env.client() as client:
        assert (await client.get(PLANS, headers={"Authorization": shown})).status_code == 401


async def test_a_key_with_another_secret_opens_nothing(env: ApiEnvironment) -> None:
    key = await env.key()
    presented = PresentedKey.read(key)
    assert presented
    guessed = replace(presented, secret=bytes(32)).text().get_secret_value()
    async with env.client(guessed) as client:
        assert (await client.get(PLANS)).json()["code"] == "api_key_invalid"


async def test_a_key_names_its_organization_but_cant_be_turned_to_another(env: ApiEnvironment) -> None:
    stranger = await env.engine.repositories.organizations.ensure("stranger")
    presented = PresentedKey.read(await env.key())
    assert presented
    turned = replace(presented, org_id=stranger).text().get_secret_value()
    async with env.client(turned) as client:
        assert (await client.get(PLANS)).status_code == 401


async def test_a_key_does_what_it_has_scopes_for_and_nothing_else(env: ApiEnvironment) -> None:
    async with (
        env.client(await env.key(Scope.READ)) as reader,
        env.client(await env.key(Scope.WRITE)) as writer,
    ):
        refused = [await reader.post(PLANS, json={}), await writer.get(PLANS)]
        taken = [await reader.get(PLANS), await writer.post(PLANS, json={})]

    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(403, "scope_missing")] * 2
    assert [answer.status_code for answer in taken] == [200, 422]


async def test_a_key_of_the_other_mode_is_refused(env: ApiEnvironment) -> None:
    live = await env.key(mode=Mode.LIVE)
    async with env.client(live) as client:
        assert (await client.get(PLANS)).json()["code"] == "wrong_mode"


@pytest.mark.full
async def test_in_live_mode_time_cant_be_moved_and_no_test_card_is_given(env: ApiEnvironment) -> None:
    services = replace(
        api_services(env.engine), authentication=Authentication(env.engine.repositories.api_keys, Mode.LIVE)
    )
    headers = bearer(await env.key(mode=Mode.LIVE))
    async with (
        serving(create_app(services), LOOPBACK, 0) as url,
        httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client,
    ):
        reads = await client.get(PLANS, headers=headers)
        clock = await client.post("/api/v1/test-clocks", json={"now_at": "2026-01-01T00:00:00Z"}, headers=headers)
        wrong = await client.post("/api/v1/test-clocks", json={"now_at": "soon"}, headers=headers)
        page = await client.get("/api/v1/test-clocks?limit=none", headers=headers)
        card = await client.post("/api/v1/customers/6f1c/test-card", json={}, headers=headers)

    assert reads.status_code == 200
    refused = [(answer.status_code, answer.json()["code"]) for answer in (clock, wrong, page, card)]
    assert refused == [(403, "test_mode_only")] * 4


async def test_a_key_ends_when_it_expires_or_is_revoked(env: ApiEnvironment) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    expired, revoked = await env.key(expires_at=past), await env.key()
    presented = PresentedKey.read(revoked)
    assert presented
    assert await known(env, revoked)
    await env.engine.repositories.api_keys.revoke(env.org_id, presented.key_id, change())

    assert await known(env, expired) is None
    assert await known(env, revoked) is None


async def test_after_a_rotation_both_keys_work_until_the_overlap_is_over(env: ApiEnvironment) -> None:
    old = await env.key(Scope.READ, name="rotating")
    presented = PresentedKey.read(old)
    assert presented
    issued = await env.engine.repositories.api_keys.rotate(env.org_id, presented.key_id, timedelta(hours=24), change())
    later = datetime.now(UTC) + timedelta(hours=25)

    assert (issued.record.name, issued.record.scopes) == ("rotating", frozenset({Scope.READ}))
    assert await known(env, old)
    assert await known(env, issued.text.get_secret_value())
    assert await env.engine.repositories.api_keys.find_valid(presented, later) is None


async def test_the_last_use_is_noted_once_a_minute(env: ApiEnvironment) -> None:
    presented = PresentedKey.read(await env.key())
    assert presented
    begin = datetime.now(UTC)
    for seconds in (0, 30, 61):
        await env.engine.repositories.api_keys.find_valid(presented, begin + timedelta(seconds=seconds))
        noted = {key.key_id: key.last_used_at for key in await env.engine.repositories.api_keys.list(env.org_id)}
        assert noted[presented.key_id] == begin + timedelta(seconds=0 if seconds < 60 else 61)


async def test_the_secret_is_in_no_row(env: ApiEnvironment, env_database_url: str) -> None:
    import psycopg  # noqa: PLC0415  (only this test looks below)

    key = await env.key()
    presented = PresentedKey.read(key)
    assert presented
    async with await psycopg.AsyncConnection.connect(env_database_url) as connection:
        row = await (
            await connection.execute("SELECT k::text, digest FROM api_key k WHERE id = %s", [presented.key_id])
        ).fetchone()
    assert row
    assert presented.secret.hex() not in row[0]
    assert row[1] == presented.digest()
    assert presented.secret.hex() not in repr(presented)


@dataclass
class Clock:
    now: float = 1000.0
    asked: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now


async def test_a_revoked_key_is_forgotten_within_seconds(env: ApiEnvironment) -> None:
    clock = Clock()
    authentication = Authentication(env.engine.repositories.api_keys, Mode.TEST, clock)
    key = await env.key()
    record = await authentication.authenticate(f"Bearer {key}", ADDRESS)
    await env.engine.repositories.api_keys.revoke(env.org_id, record.key_id, change())
    clock.now += CACHED_FOR

    with pytest.raises(Unauthorized):
        await authentication.authenticate(f"Bearer {key}", ADDRESS)


async def test_a_key_that_asks_too_often_is_told_when_to_come_back(env: ApiEnvironment) -> None:
    async with env.client(await env.key(rate_limit=1)) as client:
        answers = await asyncio.gather(*(client.get(PLANS) for _ in range(8)))

    limited = [answer for answer in answers if answer.status_code == 429]
    assert len(limited) >= 4
    assert {(answer.json()["code"], answer.headers["retry-after"]) for answer in limited} == {("rate_limited", "1")}


def test_a_bucket_lets_its_rate_through_and_twice_that_at_once() -> None:
    bucket = RateLimiter(USUAL_RATE, 0.0)

    at_once = sum(bucket.take(0.0) == 0 for _ in range(1000))
    second = sum(bucket.take(1.0) == 0 for _ in range(1000))

    assert (at_once, second) == (2 * USUAL_RATE, USUAL_RATE)
    assert bucket.take(1.0) == pytest.approx(1 / USUAL_RATE)


def test_a_key_is_written_and_read_back() -> None:
    key = PresentedKey.fresh(Mode.LIVE, "6f1c0f3e-6a3c-4a52-9d0e-6a3c4a529d0e", "7d793037-a076-4186-974b-0282f2f435e7")
    text = key.text().get_secret_value()

    assert text.startswith("bf_live_")
    assert PresentedKey.read(text) == key
    assert PresentedKey.read(text.replace("bf_live", "bf_prod")) is None


def test_a_key_without_scopes_is_none() -> None:
    with pytest.raises(ValueError, match="scopes"):
        NewApiKey(name="none", mode=Mode.TEST, scopes=frozenset())
