"""A renewal that was voided is found until it is issued again or waived (rules 28.1)."""

from collections.abc import AsyncIterator

import pytest

from billflow.domain.commands import EndNow
from billflow.domain.reconciliation import FindingKind
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.records import InvoiceDetail
from tests.api_environment import ApiEnvironment, api_environment
from tests.databases import migrated_database
from tests.namespaces import fresh_namespace
from tests.pipeline.environment import PlanEnvironment
from tests.pipeline.reconciled import findings
from tests.pipeline.reissues import open_renewal, reissued, void
from tests.pipeline.test_credits import agree


@pytest.fixture(scope="module")
async def env(postgres_url: str, temporal_server: str) -> AsyncIterator[ApiEnvironment]:
    """Run everything for these tests alone: who reconciles compares all customers that there are."""
    url = await migrated_database(postgres_url, "env")
    async with api_environment(url, await fresh_namespace(temporal_server, "env")) as running:
        yield running


async def found(plan_env: PlanEnvironment, invoice: InvoiceDetail) -> list[str]:
    """Reconcile, and return what is said of an invoice that is billed by nothing."""
    return [one.message for one in await findings(plan_env, invoice) if one.kind is FindingKind.NOT_BILLED]


@pytest.mark.full
async def test_a_void_renewal_is_found_until_it_is_issued_again(plan_env: PlanEnvironment) -> None:
    _, renewal = await open_renewal(plan_env)
    assert await found(plan_env, renewal) == []
    await void(plan_env, renewal)

    [way_out] = await found(plan_env, renewal)
    assert f"billflow invoice reissue {renewal.invoice_id}" in way_out
    new = await reissued(plan_env, renewal)

    assert await found(plan_env, renewal) == []
    await void(plan_env, new)
    assert len(await found(plan_env, new)) == 1


@pytest.mark.full
async def test_a_void_renewal_is_found_until_it_is_waived(plan_env: PlanEnvironment) -> None:
    _, renewal = await open_renewal(plan_env)
    await void(plan_env, renewal, reason="an apology")
    assert len(await found(plan_env, renewal)) == 1

    waived = await void(plan_env, renewal, waived=True)

    assert (waived.waived, await found(plan_env, renewal)) == (True, [])
    assert (await plan_env.audited(renewal.invoice_id))[-1] == "invoice.waived"


@pytest.mark.full
async def test_what_ends_a_plan_waives_what_it_voids(plan_env: PlanEnvironment) -> None:
    plan, renewal = await open_renewal(plan_env)
    await plan_env.command(plan, EndNow(void_open_invoices=True))
    assert await found(plan_env, renewal) == []


@pytest.mark.full
async def test_a_void_renewal_is_issued_again_later(plan_env: PlanEnvironment) -> None:
    _, renewal = await open_renewal(plan_env)
    await void(plan_env, renewal)

    new = await reissued(plan_env, renewal)

    assert (new.status, new.total) == (InvoiceStatus.OPEN, renewal.total)
    await agree(plan_env)
