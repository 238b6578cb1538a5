"""With encrypted payloads, in live mode: after its erasure a customer is in no history, read with the keys."""

from typing import Any

import httpx
import pytest

from tests.api.test_erasure import check_erasure
from tests.api_environment import ApiEnvironment


@pytest.mark.full
async def test_what_clients_wrote_about_a_customer_is_in_no_history_after_its_erasure(
    api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str, log: Any
) -> None:
    await check_erasure(api, env, env_database_url, log)
