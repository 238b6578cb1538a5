"""How much a request asks of PostgreSQL: a bound, so that it does not grow unseen."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from uuid import uuid4

import httpx
import pytest
import structlog
from sqlalchemy import event

from billflow.api.app import create_app
from billflow.api.authentication import Authentication
from billflow.api.server import serving
from billflow.dev.ports import LOOPBACK
from billflow.models.contracts.access import Mode
from billflow.store.session.pools import Pools
from billflow.temporal.ids import plan_workflow_id
from billflow.wiring.api import api_services
from tests.api_environment import ApiEnvironment
from tests.waiting import PATIENCE

TRANSACTIONS_OF_A_COMMAND = 4
"""The idempotency key is claimed, plan and step are looked up, the step is taken, the answer is stored."""

STATEMENTS_OF_A_COMMAND = 21
"""Each transaction's first statement, which enters its organization, included."""


@dataclass
class Work:
    """What was asked of the database for one request, and by the workflow of one plan."""

    request_id: str
    workflow_id: str
    transactions: int = 0
    statements: list[str] = field(default_factory=list)

    def count_transaction(self, *_: object) -> None:
        """Count a transaction that begins."""
        self.transactions += self._is_ours()

    def count_statement(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        """Note a statement that is sent."""
        self.statements += [statement] if self._is_ours() else []

    def _is_ours(self) -> bool:
        """Tell whether the task that runs is the request's, or an activity of the workflow."""
        known = structlog.contextvars.get_contextvars()
        return known.get("request_id") == self.request_id or known.get("workflow_id") == self.workflow_id


@contextmanager
def counted(pools: Pools, work: Work) -> Iterator[Work]:
    """Count what happens inside."""
    listeners: dict[str, Callable[..., None]] = {
        "begin": work.count_transaction,
        "before_cursor_execute": work.count_statement,
    }
    targets = [
        (database.engine.sync_engine, *listener)
        for database in (pools.requests, pools.work, pools.background)
        for listener in listeners.items()
    ]
    for target in targets:
        event.listen(*target)
    try:
        yield work
    finally:
        for target in targets:
            event.remove(*target)


@pytest.fixture
async def client(env: ApiEnvironment) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of an API whose time stands still, so that no key has to be looked up twice."""
    authentication = Authentication(env.engine.repositories.api_keys, Mode.TEST, clock=lambda: 0.0)
    app = create_app(replace(api_services(env.engine), authentication=authentication))
    headers = {"Authorization": f"Bearer {await env.key()}"}
    async with (
        serving(app, LOOPBACK, 0) as url,
        httpx.AsyncClient(base_url=url, headers=headers, timeout=PATIENCE) as client,
    ):
        yield client


async def test_a_command_takes_four_transactions(env: ApiEnvironment, client: httpx.AsyncClient) -> None:
    customer = await env.customer()
    asked = {"customer_id": customer.customer_id, "tier": "cloud_standard", "schedule": "monthly", "trial_days": 30}
    plan_id = (await client.post("/api/v1/plans", json=asked)).json()["plan"]["id"]
    request = Work(request_id=uuid4().hex, workflow_id=plan_workflow_id(plan_id))
    headers = {"Idempotency-Key": uuid4().hex, "X-Request-Id": request.request_id}

    with counted(env.engine.pools, request) as work:
        answer = await client.post(
            f"/api/v1/plans/{plan_id}/commands", json={"type": "downgrade_at_end_of_free_trial"}, headers=headers
        )

    assert answer.status_code == 200
    assert sum("INSERT INTO step " in statement for statement in work.statements) == 1
    assert work.transactions <= TRANSACTIONS_OF_A_COMMAND
    assert len(work.statements) <= STATEMENTS_OF_A_COMMAND, work.statements


async def test_a_key_that_is_known_is_not_looked_up_again(env: ApiEnvironment, client: httpx.AsyncClient) -> None:
    counts = []
    for _ in range(2):
        request = Work(request_id=uuid4().hex, workflow_id="none")
        with counted(env.engine.pools, request) as work:
            await client.get("/api/v1/catalog", headers={"X-Request-Id": request.request_id})
        counts.append(work.transactions)

    assert counts == [2, 1], "the key's and the catalogue's, then the catalogue's alone"
