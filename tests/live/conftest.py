"""The whole engine in live mode, with encryption keys: a live key of nobody's, and an emulator on loopback."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from billflow.models.keyring import Key, Keyring
from billflow.payments.mode import LIVE_ON_LOOPBACK
from stripe_emulator.engine.services import Settings as StripeSettings
from tests.api.test_privacy import log
from tests.api_environment import ApiEnvironment, api, api_environment, engine, env_database_url
from tests.namespaces import fresh_namespace

__all__ = ["api", "engine", "env_database_url", "log"]

LIVE_KEY = "sk_live_of_nobody"
KEY = Key.fresh("live")


@pytest.fixture(scope="package")
def live_on_loopback() -> Iterator[None]:
    """Let a live key go to an emulator on this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(LIVE_ON_LOOPBACK, "1")
        yield


@pytest.fixture(scope="package")
async def env(
    env_database_url: str, temporal_server: str, request: pytest.FixtureRequest
) -> AsyncIterator[ApiEnvironment]:
    """Run everything, its webhooks included, in live mode."""
    request.getfixturevalue("live_on_loopback")
    client = await fresh_namespace(temporal_server, "live", keyring=Keyring((KEY,)))
    changes: dict[str, Any] = {"stripe_api_key": SecretStr(LIVE_KEY), "encryption_keys": SecretStr(KEY.text())}
    async with api_environment(env_database_url, client, StripeSettings(livemode=True), **changes) as running:
        yield running
