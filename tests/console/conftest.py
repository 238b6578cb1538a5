"""The console's tests run against the whole engine, with one customer that has one of everything."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from billflow.models.contracts.console import ConsoleRole
from tests.api_environment import ApiEnvironment, api, api_environment, engine, env_database_url
from tests.console.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider, openid_provider
from tests.console.people import acme
from tests.mail.server import MailServer, mail_server
from tests.namespaces import fresh_namespace

__all__ = ["acme", "api", "engine", "env_database_url"]

ROLES = {
    "billing-viewers": ConsoleRole.VIEWER,
    "billing-support": ConsoleRole.SUPPORT,
    "cn=controlling,ou=groups": ConsoleRole.FINANCE,
    "billing-admins": ConsoleRole.ADMIN,
}


@pytest.fixture(scope="package")
async def openid() -> AsyncIterator[OpenIdProvider]:
    """Run the provider that signs people in."""
    async with openid_provider() as provider:
        yield provider


@pytest.fixture(scope="package")
async def mails() -> AsyncIterator[MailServer]:
    """Run a mail server that takes everything."""
    async with mail_server() as server:
        yield server


@pytest.fixture(scope="package")
async def env(
    env_database_url: str, temporal_server: str, openid: OpenIdProvider, mails: MailServer
) -> AsyncIterator[ApiEnvironment]:
    """Run everything, with a mail server, a provider that signs people in, and a limit to what support refunds."""
    signing_in: dict[str, Any] = {
        "console_oidc_issuer": openid.issuer,
        "console_oidc_client_id": CLIENT_ID,
        "console_oidc_client_secret": SecretStr(CLIENT_SECRET),
        "console_oidc_roles": ROLES,
        "smtp_url": SecretStr(mails.url),
        "console_refund_limits": {ConsoleRole.SUPPORT: 5_000},
    }
    client = await fresh_namespace(temporal_server, "console")
    async with api_environment(env_database_url, client, **signing_in) as running:
        yield running
