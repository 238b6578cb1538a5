"""The Python of the pages runs as it stands, against a real API and a real emulator."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from standardwebhooks import Webhook

from tests.api_environment import ApiEnvironment, engine, env, env_database_url
from tests.docs.blocks import Block, blocks

__all__ = ["engine", "env", "env_database_url"]

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BLOCKS = [block for block in blocks() if block.language == "python"]


def received() -> dict[str, Any]:
    """Return what a receiver of events has in hand."""
    body, at = json.dumps({"type": "invoice.paid"}), datetime.now(UTC)
    signature = Webhook(SECRET).sign("evt_1", at, body)
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }
    return {"secret": SECRET, "body": body, "headers": headers}


@pytest.mark.parametrize("block", BLOCKS, ids=str)
async def test_every_block_of_python_runs(env: ApiEnvironment, block: Block) -> None:
    text = block.text.replace("http://127.0.0.1:8000", env.api_url).replace("bf_test_…", await env.key())
    text = text.replace("billing@acme.example", f"{uuid4().hex[:8]}@acme.example")

    await asyncio.to_thread(exec, compile(text, str(block), "exec"), received())


def test_there_are_blocks_of_the_client_and_of_the_emulator() -> None:
    imported = {line for block in BLOCKS for line in block.text.splitlines() if line.startswith("from ")}

    assert any(line.startswith("from billflow.client ") for line in imported)
    assert any(line.startswith("from stripe_emulator.") for line in imported)
