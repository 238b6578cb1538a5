"""The Web UI reads payloads with a key of the operator; nobody else does."""

import base64
from collections.abc import AsyncIterator

import httpx
import pytest

from billflow.api.app import create_app
from billflow.api.codec import PATH, CodecService, codec_app
from billflow.api.server import serving
from billflow.dev.ports import LOOPBACK
from billflow.domain.scopes import Scope
from billflow.models.keyring import Key, Keyring
from billflow.temporal.codec import EncryptionCodec
from billflow.wiring.api import api_services
from tests.api_environment import ApiEnvironment
from tests.waiting import PATIENCE

UI = "https://temporal.example.com"
PAYLOADS = {
    "payloads": [
        {
            "metadata": {"encoding": base64.b64encode(b"json/plain").decode()},
            "data": base64.b64encode(b'"Kanarienweg 7"').decode(),
        }
    ]
}


@pytest.fixture
async def codec_url(env: ApiEnvironment) -> AsyncIterator[str]:
    """Serve the codec endpoint of a house that encrypts."""
    service = CodecService(EncryptionCodec(Keyring((Key.fresh("ui"),))), env.org_id, UI)
    services = api_services(env.engine)
    app = create_app(services)
    app.mount(PATH, codec_app(services, service))
    async with serving(app, LOOPBACK, 0) as url:
        yield f"{url}{PATH}"


async def post(url: str, path: str, key: str | None, body: object = PAYLOADS, **headers: str) -> httpx.Response:
    authorization = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
        return await client.post(f"{url}/{path}", json=body, headers={**authorization, **headers})


async def test_what_it_encrypts_it_decrypts_for_the_web_ui(env: ApiEnvironment, codec_url: str) -> None:
    key = await env.key(Scope.ADMIN)
    encoded = (await post(codec_url, "encode", key)).json()
    assert encoded["payloads"][0]["data"] != PAYLOADS["payloads"][0]["data"]
    decoded = await post(codec_url, "decode", key, encoded, Origin=UI)
    assert decoded.json() == PAYLOADS
    assert decoded.headers["access-control-allow-origin"] == UI


async def test_a_browser_may_ask_from_the_web_ui_only(codec_url: str) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-namespace"}
        mine = await client.options(f"{codec_url}/decode", headers={**asked, "Origin": UI})
        other = await client.options(f"{codec_url}/decode", headers={**asked, "Origin": "https://evil.example"})
    assert mine.status_code == 200
    assert mine.headers["access-control-allow-origin"] == UI
    assert "access-control-allow-origin" not in other.headers


async def test_without_an_administrators_key_of_the_operator_nothing_is_opened(
    env: ApiEnvironment, codec_url: str
) -> None:
    stranger = await env.engine.repositories.organizations.ensure("stranger-to-codecs")
    for key, status in (
        (None, 401),
        (await env.key(Scope.READ, Scope.WRITE, Scope.SUPPORT), 403),
        (await env.key(org_id=stranger), 403),
    ):
        answer = await post(codec_url, "decode", key)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_a_body_that_holds_no_payloads_is_refused(env: ApiEnvironment, codec_url: str) -> None:
    key = await env.key(Scope.ADMIN)
    bodies: list[object] = [{"payloads": 7}, "text", 7]
    for body in bodies:
        assert (await post(codec_url, "decode", key, body)).status_code == 400


async def test_the_api_itself_serves_it_and_passes_on_what_is_not_encrypted(env: ApiEnvironment) -> None:
    answer = await post(f"{env.api_url}/codec", "decode", await env.key(Scope.ADMIN))
    assert answer.json() == PAYLOADS
