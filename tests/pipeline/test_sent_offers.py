"""An invoice that support sent pays for an offer."""

import pytest

from billflow.domain.errors import Refused
from billflow.domain.plan import CollectionMethod, PlanStatus, Schedule
from billflow.models.contracts.customers import NewCustomer, OfferStatus
from billflow.models.contracts.invoices import InvoiceStatus
from tests.api_environment import until
from tests.pipeline.environment import PlanEnvironment, begun
from tests.pipeline.test_offers import FIXED, made, offers, sent_by_support, withdrawn


@pytest.mark.full
async def test_an_invoice_sent_by_support_starts_the_plan_when_it_is_paid(plan_env: PlanEnvironment) -> None:
    sent = await sent_by_support(plan_env, 120_005)
    offering = await made(plan_env, FIXED.model_copy(update={"sent_invoice_id": sent}))
    assert offering.started is not None
    plan = offering.started.state
    [invoice] = await plan_env.invoices()
    assert (plan.status, invoice.stripe_invoice_id, invoice.status) == (
        PlanStatus.NEVER_STARTED,
        sent,
        InvoiceStatus.OPEN,
    )

    async def is_marked() -> bool:
        return "billflow_invoice" in ((await plan_env.at_stripe())[0].metadata or {})

    await until(is_marked)
    await plan_env.pay(invoice)

    async def runs() -> bool:
        return (await plan_env.state(plan)).status is PlanStatus.ACTIVE

    await until(runs)
    state = await plan_env.state(plan)
    assert (state.schedule, state.collection_method) == (Schedule.ANNUAL, CollectionMethod.SEND_INVOICE)
    assert (state.fixed_price, state.licenses, len(await plan_env.at_stripe())) == (120_005, 0, 1)
    assert await offers(plan_env) == [OfferStatus.ACCEPTED]


@pytest.mark.full
async def test_withdrawing_an_offer_voids_the_invoice_that_was_sent_for_it(plan_env: PlanEnvironment) -> None:
    sent = await sent_by_support(plan_env, 120_005)
    offering = await made(plan_env, FIXED.model_copy(update={"sent_invoice_id": sent}))

    assert (await withdrawn(plan_env, offering.offer)).status is OfferStatus.WITHDRAWN

    async def is_void() -> bool:
        return [held.status for held in await plan_env.at_stripe()] == ["void"]

    await until(is_void)
    assert [(plan.status) for plan in await plan_env.plans()] == [PlanStatus.ENDED]


async def test_a_customer_unknown_to_stripe_takes_on_the_customer_of_the_sent_invoice(
    plan_env: PlanEnvironment,
) -> None:
    engine = plan_env.env.engine
    new = NewCustomer(name="Newcomer", email=f"new-{plan_env.customer_id}@acme.example")
    fresh = await engine.repositories.customers.create(plan_env.org_id, new, await plan_env.change())
    held = await engine.stripe.v1.customers.create_async({"name": "Made by hand"})
    newcomer = PlanEnvironment(plan_env.env, fresh, plan_env.clock_id)

    sent = await sent_by_support(newcomer, 120_005, held.id)
    await made(newcomer, FIXED.model_copy(update={"sent_invoice_id": sent}))

    assert await newcomer.stripe_id() == held.id


@pytest.mark.full
async def test_a_sent_invoice_must_be_open_ours_and_over_the_offers_amount(plan_env: PlanEnvironment) -> None:
    stranger = await begun(plan_env.env)
    wrong = {
        "amount_mismatch": await sent_by_support(plan_env, 120_000),
        "invoice_of_another_customer": await sent_by_support(stranger, 120_005),
        "invoice_not_open": await sent_by_support(plan_env, 120_005),
    }
    await plan_env.env.engine.stripe.v1.invoices.void_invoice_async(wrong["invoice_not_open"])

    for code, sent in wrong.items():
        with pytest.raises(Refused) as refused:
            await made(plan_env, FIXED.model_copy(update={"sent_invoice_id": sent}))
        assert refused.value.code == code

    assert (await plan_env.plans(), set(await offers(plan_env))) == ([], {OfferStatus.WITHDRAWN})
