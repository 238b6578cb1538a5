"""Whatever is sent to whatever address: no fault of ours, and no answer that the OpenAPI document does not announce."""

import asyncio
import json
import os
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from billflow.wiring.store import sell_example
from tests.api.test_plans import MONTHLY
from tests.api_environment import ApiEnvironment
from tests.sizes import sized
from tests.waiting import PATIENCE

HERE = Path(__file__).parent
EXAMPLES = sized(1, 2, 60)
PATHS = sized("^/api/v1/(plans|invoices|deployments)", "", "")
"""What the paths begin with that are asked, where not all are."""

PHASES = sized("fuzzing", "examples,fuzzing", "examples,coverage,fuzzing,stateful")


async def ids_of_an_organization(env: ApiEnvironment, key: str) -> dict[str, str]:
    """Return what there is of an organization with one customer, one plan and one clock."""
    async with env.client(key) as client:
        body = {"name": "Fuzzed", "email": f"{uuid4().hex}@fuzzed.example"}
        customer = (await client.post("/api/v1/customers", json=body)).json()
        trial = {**MONTHLY, "customer_id": customer["id"], "trial_days": 30}
        plan = (await client.post("/api/v1/plans", json=trial)).json()["plan"]
        clock = (await client.post("/api/v1/test-clocks", json={"now_at": "2026-01-31T00:00:00Z"})).json()
    return {
        "customer_id": customer["id"],
        "deployment_id": customer["deployment_id"],
        "plan_id": plan["id"],
        "test_clock_id": clock["id"],
    }


@pytest.mark.fuzz
@pytest.mark.timeout(sized(1800, 1800, 7200))
async def test_no_request_finds_a_fault_or_breaks_the_contract(env: ApiEnvironment, tmp_path: Path) -> None:
    org_id = await env.engine.repositories.organizations.ensure(f"fuzzed-{uuid4().hex[:8]}")
    await sell_example(env.engine.repositories.catalogs, org_id)
    key = await env.key(org_id=org_id)
    ids = await ids_of_an_organization(env, key)
    config = tmp_path / "schemathesis.toml"
    config.write_text(f'{(HERE / "fuzz.toml").read_text()}\n[auth.openapi.ApiKey]\nbearer = "{key}"\n')
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
        *("run", f"{env.api_url}/openapi.json"),
        *("--request-timeout", str(PATIENCE)),
        *("--phases", PHASES, "--max-examples", str(EXAMPLES), "--no-color", "--checks", "all"),
        *(("--include-path-regex", PATHS) if PATHS else ()),
        # Which tiers there are, or what a cursor says, is in no schema; our own check looks at the reason instead.
        *("--exclude-checks", "positive_data_acceptance"),
    ]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.api.fuzz_extensions", "FUZZED_IDS": json.dumps(ids)}
    fuzzing = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(HERE.parents[1])},
    )
    said, _ = await fuzzing.communicate()
    print(said.decode())  # noqa: T201  (how many requests there were, for whoever asks with -s)

    assert fuzzing.returncode == 0, said.decode()
