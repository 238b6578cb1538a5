"""A world whose mail server takes nothing until a test lets it."""

from collections.abc import AsyncIterator

import pytest

from tests.databases import migrated_database
from tests.mail.server import MailServer, mail_server
from tests.workflows.skipping import SkippingEnvironment, skipping_environment


@pytest.fixture
async def refusing() -> AsyncIterator[MailServer]:
    """Yield a mail server that takes no mail yet."""
    async with mail_server("451 try again later") as server:
        yield server


@pytest.fixture
async def env(postgres_url: str, refusing: MailServer) -> AsyncIterator[SkippingEnvironment]:
    """Yield a world with that mail server."""
    async with skipping_environment(await migrated_database(postgres_url), refusing.url) as env:
        yield env
