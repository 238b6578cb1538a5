"""How much a request asks of PostgreSQL: a bound, so that it does not grow unseen."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID, uuid4

import httpx
import pytest
import structlog
from sqlalchemy import event, select, text

from billflow.activities.collection import CollectionActivities
from billflow.activities.steps import StepActivities
from billflow.api import authentication
from billflow.api.app import create_app
from billflow.api.authentication import Authentication
from billflow.api.server import serving
from billflow.dev.ports import LOOPBACK
from billflow.models.contracts.access import Mode
from billflow.models.contracts.customers import SeatReport
from billflow.models.contracts.invoices import Paid
from billflow.models.contracts.steps import CloseCycleInput, PlanRef
from billflow.models.tables import CustomerPlan
from billflow.store.session.pools import Pools
from billflow.temporal.ids import plan_workflow_id
from billflow.wiring.api import api_services
from billflow.wiring.workers import activity_classes
from tests.api_environment import ApiEnvironment
from tests.waiting import PATIENCE

TRANSACTIONS_OF_A_COMMAND = 4
"""The idempotency key is claimed, plan and step are looked up, the step is taken, the answer is stored."""

STATEMENTS_OF_A_COMMAND = 11
"""Each transaction's first statement, which enters its organization, included."""

OF_A_START = (3, 8)
"""Transactions and statements of starting a trial: the key is claimed, the plan written, the answer kept."""

OF_A_SEAT_REPORT = (1, 3)
"""The customer with its plans and their clock in one statement, and what it reports in another."""

OF_READS = {
    "/customers": (1, 2),
    "/customers?email={email}": (1, 2),
    "/customers?q={name}": (1, 2),
    "/customers/{customer}": (1, 3),
    "/plans?status=active&limit=20": (1, 2),
    "/plans/{plan}": (1, 2),
    "/plans/{plan}/ledger": (1, 2),
    "/invoices": (1, 2),
    "/invoices?customer_id={customer}": (1, 2),
    "/invoices/{invoice}": (1, 2),
    "/events": (1, 3),
    "/audit": (1, 4),
}
"""Transactions and statements of reads; the total of a list that fits no page is another one."""

OF_A_BILLING_DATE, OF_COLLECTING = (1, 5), (3, 8)
"""Transactions and statements of a step that ends a trial and invoices the plan, and of charging the invoice.

Of the three one is before Stripe and one after it; the other is one message, which only looks whether the invoice was
voided meanwhile.
"""


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


@pytest.mark.full
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


@pytest.mark.full
async def test_a_start_takes_three_transactions(env: ApiEnvironment, client: httpx.AsyncClient) -> None:
    asked = {"customer_id": "", "tier": "cloud_standard", "schedule": "monthly", "trial_days": 30}
    request = Work(request_id=uuid4().hex, workflow_id="none")
    headers = {"Idempotency-Key": uuid4().hex, "X-Request-Id": request.request_id}
    first, second = [asked | {"customer_id": (await env.customer()).customer_id} for _ in range(2)]
    (await client.post("/api/v1/plans", json=first)).raise_for_status()  # what a process reads once: the catalogue

    with counted(env.engine.pools, request) as work:
        answer = await client.post("/api/v1/plans", json=second, headers=headers)

    assert answer.status_code == 201
    assert sum("INSERT INTO step " in statement for statement in work.statements) == 1
    assert_within(work, OF_A_START)


@pytest.mark.full
async def test_a_seat_report_takes_two_statements_however_many_it_names(
    env: ApiEnvironment, client: httpx.AsyncClient
) -> None:
    customer, now = await env.customer(), datetime.now(UTC)
    many = [{"observed_at": (now - timedelta(minutes=n)).isoformat(), "members": n} for n in range(1, 50)]
    await client.get("/api/v1/catalog")
    whose = (f"customers/{customer.customer_id}", f"deployments/{customer.deployment_id}")
    for path, body in product(whose, ({"members": 7}, many)):
        request = Work(request_id=uuid4().hex, workflow_id="none")
        with counted(env.engine.pools, request) as work:
            named = {"X-Request-Id": request.request_id}
            answer = await client.post(f"/api/v1/{path}/seats", json=body, headers=named)
        assert answer.status_code == 201
        assert_within(work, OF_A_SEAT_REPORT)


async def test_reads_take_one_transaction_and_few_statements(
    env: ApiEnvironment, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication, "CACHED_FOR", PATIENCE)  # however long this takes, the key is known
    customer = await env.customer()
    asked = {"customer_id": customer.customer_id, "tier": "cloud_standard", "schedule": "monthly"}
    plan_id = (await client.post("/api/v1/plans", json=asked)).json()["plan"]["id"]
    invoice, *_ = (await client.get("/api/v1/invoices", params={"customer_id": customer.customer_id})).json()[
        "invoices"
    ]
    named = {
        "customer": customer.customer_id,
        "email": customer.email,
        "name": customer.name,
        "plan": plan_id,
        "invoice": invoice["id"],
    }
    for path, bound in OF_READS.items():
        request = Work(request_id=uuid4().hex, workflow_id="none")
        with counted(env.engine.pools, request) as work:
            headers = {"X-Request-Id": request.request_id}
            answer = await client.get(f"/api/v1{path.format(**named)}", headers=headers)
        assert answer.status_code == 200, path
        transactions, statements = bound
        total = answer.json().get("next") is not None
        assert_within(work, (transactions, statements + total))


def assert_within(work: Work, bound: tuple[int, int]) -> None:
    """Fail where a piece of work took more transactions or statements than *bound* says."""
    transactions, statements = bound
    assert work.transactions <= transactions
    assert len(work.statements) <= statements, (len(work.statements), work.statements)


async def test_a_key_that_is_known_is_not_looked_up_again(env: ApiEnvironment, client: httpx.AsyncClient) -> None:
    counts = []
    for _ in range(2):
        request = Work(request_id=uuid4().hex, workflow_id="none")
        with counted(env.engine.pools, request) as work:
            await client.get("/api/v1/catalog", headers={"X-Request-Id": request.request_id})
        counts.append(work.transactions)

    assert counts == [2, 1], "the key's and the catalogue's, then the catalogue's alone"


async def test_a_billing_date_is_one_transaction_and_its_collection_three(
    env: ApiEnvironment, client: httpx.AsyncClient
) -> None:
    customer = await env.customer()
    asked = {"customer_id": customer.customer_id, "tier": "cloud_standard", "schedule": "monthly", "trial_days": 30}
    plan = (await client.post("/api/v1/plans", json=asked)).json()["plan"]
    ref, due = PlanRef(org_id=env.org_id, plan_id=plan["id"]), datetime.fromisoformat(plan["next_invoice_date"])
    seats = SeatReport(observed_at=due - timedelta(hours=1), members=12)
    await env.engine.repositories.seats.report(customer.ref, [seats])
    steps, collection = activity_classes(env.engine)[:2]
    assert isinstance(steps, StepActivities)
    assert isinstance(collection, CollectionActivities)

    step = Work(request_id="step", workflow_id="none")
    with counted(env.engine.pools, step), structlog.contextvars.bound_contextvars(request_id="step"):
        result = await steps.close_cycle(CloseCycleInput(plan=ref, at=due))
    collecting = Work(request_id="collecting", workflow_id="none")
    with counted(env.engine.pools, collecting), structlog.contextvars.bound_contextvars(request_id="collecting"):
        outcome = await collection.collect(result.invoices[0].as_of(datetime.now(UTC)))

    assert isinstance(outcome, Paid)
    for work, bound in ((step, OF_A_BILLING_DATE), (collecting, OF_COLLECTING)):
        assert_within(work, bound)


@pytest.mark.full
async def test_an_answer_as_of_a_moment_takes_one_statement_more_in_one_transaction(
    env: ApiEnvironment, client: httpx.AsyncClient
) -> None:
    customer = await env.customer()
    asked = {"customer_id": customer.customer_id, "tier": "cloud_standard", "schedule": "monthly", "trial_days": 30}
    plan_id = (await client.post("/api/v1/plans", json=asked)).json()["plan"]["id"]
    for path in (f"/plans/{plan_id}", f"/customers/{customer.customer_id}/report", "/invoices", "/business/renewals"):
        counts = []
        for params in ({}, {"as_of": datetime.now(UTC).isoformat()}):
            request = Work(request_id=uuid4().hex, workflow_id="none")
            with counted(env.engine.pools, request) as work:
                answer = await client.get(f"/api/v1{path}", params=params, headers={"X-Request-Id": request.request_id})
            assert answer.status_code == 200
            counts.append((work.transactions, len(work.statements)))

        (transactions, statements), as_of = counts
        assert as_of == (transactions, statements + 1), path


async def test_no_statement_is_planned_for_any_values(env: ApiEnvironment) -> None:
    """PostgreSQL plans a prepared statement anew unless told otherwise after five times, and then for any values."""
    customer = await env.customer()
    async with env.engine.database.unit_of_work(env.org_id) as session:
        for _ in range(20):
            mine = CustomerPlan.customer_id == UUID(customer.customer_id), CustomerPlan.version > 0
            await session.execute(select(CustomerPlan.id).where(*mine))
        prepared = await session.execute(text("SELECT statement, generic_plans FROM pg_prepared_statements"))

    reading = {row.statement: row.generic_plans for row in prepared if "customer_plan.version > " in row.statement}
    assert len(reading) == 1
    assert not any(reading.values())


async def test_what_is_found_by_keys_is_planned_once(env: ApiEnvironment) -> None:
    customer = await env.customer()
    reading = select(CustomerPlan.version).where(CustomerPlan.id == UUID(customer.customer_id))
    plans = text("SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements")
    async with env.engine.database.unit_of_work(env.org_id, by_keys=True) as session:
        for _ in range(20):
            await session.execute(reading)
        prepared = [one for one in await session.execute(plans) if "SELECT customer_plan.version" in one.statement]

    assert [(one.generic_plans > 0, one.custom_plans) for one in prepared] == [(True, 0)]
