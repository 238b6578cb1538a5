"""Offers from being made to a running plan, and everything that may come between."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billflow.domain.calendar import add_months
from billflow.domain.commands import EndNow, ScheduleTierAtPlanEnd, SetEndDate
from billflow.domain.errors import BillingError, InvalidInput, NotFound, Refused
from billflow.domain.plan import CollectionMethod, LicenseManagement, PlanStatus, Schedule
from billflow.models.contracts.customers import CustomerPricing, OfferStatus
from billflow.models.contracts.invoices import Declined
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.offers import Acceptance, CreatedOffer, OfferCreate, OfferRecord
from billflow.models.contracts.plans import StartPlanResult
from billflow.payments.sandbox import DECLINING_CARD, GOOD_CARD
from tests.pipeline.environment import BEGIN, COMPLIMENTARY, DAY, MONTHLY, PlanEnvironment, by_hand
from tests.sizes import further

FIXED = OfferCreate(tier="cloud_enterprise", fixed_price=120_005)
DISCOUNT = OfferCreate(tier="cloud_standard", monthly_discounted_price=600, annual_discounted_price=6000)


async def made(plan_env: PlanEnvironment, new: OfferCreate = FIXED) -> CreatedOffer:
    return await plan_env.env.engine.offers.make(plan_env.org_id, plan_env.customer_id, new, await plan_env.change())


async def accepted(
    plan_env: PlanEnvironment, offer: OfferRecord, schedule: Schedule = Schedule.MONTHLY, key: str = "yes"
) -> StartPlanResult:
    chosen = Acceptance(key=KeyNamespace.CLIENT.key(key), schedule=schedule, test_clock_id=plan_env.clock_id)
    return await plan_env.env.engine.offers.accept(
        plan_env.org_id, plan_env.customer_id, offer.offer_id, chosen, await plan_env.change()
    )


async def withdrawn(plan_env: PlanEnvironment, offer: OfferRecord) -> OfferRecord:
    return await plan_env.env.engine.offers.withdraw(
        plan_env.org_id, plan_env.customer_id, offer.offer_id, await plan_env.change()
    )


async def offers(plan_env: PlanEnvironment) -> list[OfferStatus]:
    listed = await plan_env.env.engine.repositories.offers.list(
        plan_env.org_id, plan_env.customer_id, await plan_env.now()
    )
    return [offer.status for offer in listed]


async def sent_by_support(plan_env: PlanEnvironment, amount: int, stripe_customer_id: str = "") -> str:
    """Send an invoice at Stripe as support does on its own."""
    client = plan_env.env.engine.stripe.v1
    customer = stripe_customer_id or await plan_env.stripe_id()
    draft = await client.invoices.create_async(
        {"customer": customer, "collection_method": "send_invoice", "days_until_due": 30, "currency": "usd"}
    )
    await client.invoice_items.create_async(
        {"customer": customer, "invoice": draft.id, "amount": amount, "currency": "usd", "description": "Enterprise"}
    )
    return (await client.invoices.finalize_invoice_async(draft.id)).id


@pytest.mark.full
async def test_a_fixed_price_paid_by_the_month_is_twelve_instalments_and_then_ends(plan_env: PlanEnvironment) -> None:
    offer = (await made(plan_env)).offer
    started = await accepted(plan_env, offer)
    plan = started.state
    assert (plan.status, plan.fixed_price, plan.price_per_license) == (PlanStatus.ACTIVE, 120_005, None)
    assert (plan.license_management, plan.end_date) == (LicenseManagement.AUTOMATIC, add_months(BEGIN, 12))
    await plan_env.seats(4000)

    await plan_env.months(13)

    invoices = await plan_env.closed()
    assert [invoice.total for invoice in invoices] == [10_001] * 5 + [10_000] * 7
    assert sum(invoice.total for invoice in invoices) == 120_005
    assert (await plan_env.state(plan)).status is PlanStatus.ENDED
    assert await offers(plan_env) == [OfferStatus.ACCEPTED]
    told = await plan_env.events("offer.created", "offer.accepted", "plan.fixed_price_review_due")
    assert [event["type"] for event in told] == ["offer.created", "offer.accepted", "plan.fixed_price_review_due"]


async def test_a_fixed_price_paid_by_the_year_is_billed_once(plan_env: PlanEnvironment) -> None:
    plan = (await accepted(plan_env, (await made(plan_env)).offer, Schedule.ANNUAL)).state

    await plan_env.months(12)

    assert [invoice.total for invoice in await plan_env.closed()] == [120_005]
    assert (await plan_env.state(plan)).status is PlanStatus.ENDED


@pytest.mark.full
async def test_a_discounted_offer_prices_the_plan_its_renewals_and_a_switch(plan_env: PlanEnvironment) -> None:
    await plan_env.seats(10, BEGIN - DAY)
    plan = (await accepted(plan_env, (await made(plan_env, DISCOUNT)).offer)).state
    assert (plan.price_per_license, plan.end_date) == (600, None)

    await plan_env.months(1)

    assert [invoice.total for invoice in await plan_env.closed()] == [6000, 6000]
    customer = await plan_env.env.engine.queries.customers.get(plan_env.org_id, plan_env.customer_id)
    pricing = customer.pricing
    assert (pricing.required_plan_tier, pricing.annual_discounted_price) == ("cloud_standard", 6000)


async def test_an_offer_accepted_again_under_its_key_is_one_purchase(plan_env: PlanEnvironment) -> None:
    offer = (await made(plan_env)).offer

    first, second = await accepted(plan_env, offer), await accepted(plan_env, offer)

    assert first.state.plan_id == second.state.plan_id
    assert len(await plan_env.at_stripe()) == 1


@pytest.mark.full
async def test_an_offer_whose_purchase_is_declined_is_open_again_with_the_old_prices(plan_env: PlanEnvironment) -> None:
    await plan_env.env.give_card(plan_env.customer_id, DECLINING_CARD)
    before = CustomerPricing(flat_discounted_months=3)
    await plan_env.price(before)
    offer = (await made(plan_env, DISCOUNT)).offer

    declined = await accepted(plan_env, offer)

    assert isinstance(declined.outcome, Declined)
    assert await offers(plan_env) == [OfferStatus.OPEN]
    assert (await plan_env.env.engine.queries.customers.get(plan_env.org_id, plan_env.customer_id)).pricing == before
    await plan_env.env.give_card(plan_env.customer_id, GOOD_CARD)
    assert (await accepted(plan_env, offer, key="again")).state.price_per_license == 600
    assert await offers(plan_env) == [OfferStatus.ACCEPTED]


@pytest.mark.full
async def test_an_offer_expires_and_makes_room_for_the_next(plan_env: PlanEnvironment) -> None:
    offer = (await made(plan_env, FIXED.model_copy(update={"expires_at": BEGIN + DAY}))).offer
    await plan_env.advance(BEGIN + DAY)

    with pytest.raises(Refused) as refused:
        await accepted(plan_env, offer)

    assert (refused.value.code, await offers(plan_env)) == ("offer_expired", [OfferStatus.EXPIRED])
    assert (await made(plan_env)).offer.status is OfferStatus.OPEN
    assert [event["type"] for event in await plan_env.events("offer.expired")] == ["offer.expired"]


async def test_there_is_one_open_offer_for_a_customer_and_tier(plan_env: PlanEnvironment) -> None:
    first = (await made(plan_env)).offer

    with pytest.raises(Refused) as refused:
        await made(plan_env)
    await made(plan_env, DISCOUNT)
    await withdrawn(plan_env, first)
    await made(plan_env)

    assert refused.value.code == "offer_exists"
    assert await offers(plan_env) == [OfferStatus.OPEN, OfferStatus.OPEN, OfferStatus.WITHDRAWN]


async def test_a_withdrawn_offer_starts_nothing(plan_env: PlanEnvironment) -> None:
    offer = (await made(plan_env)).offer
    await withdrawn(plan_env, offer)

    with pytest.raises(Refused) as refused:
        await accepted(plan_env, offer)

    assert (refused.value.code, await plan_env.plans()) == ("offer_not_open", [])
    assert (await withdrawn(plan_env, offer)).status is OfferStatus.WITHDRAWN


@pytest.mark.full
async def test_a_fixed_price_that_waits_rules_a_trial_out(plan_env: PlanEnvironment) -> None:
    await made(plan_env, OfferCreate(tier="cloud_standard", fixed_price=50_000))

    with pytest.raises(Refused) as refused:
        await plan_env.start(replace(MONTHLY, trial_days=30))

    assert refused.value.code == "trial_not_available"


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (OfferCreate(tier="cloud_plus"), "offer_needs_one_kind_of_price"),
        (OfferCreate(tier="cloud_plus", fixed_price=5, monthly_discounted_price=5), "offer_needs_one_kind_of_price"),
        *further(
            (OfferCreate(tier="cloud_gold", fixed_price=5), "unknown_tier"),
            (OfferCreate(tier="cloud_enterprise", monthly_discounted_price=5), "unknown_tier"),
            (OfferCreate(tier="self_hosted_business", fixed_price=5), "tier_not_for_deployment"),
            (OfferCreate(tier="cloud_plus", fixed_price=5, expires_at=BEGIN), "offer_expired"),
            (OfferCreate(tier="cloud_plus", fixed_price=5, sent_invoice_id="in_nothing"), "not_found"),
        ),
    ],
)
async def test_an_offer_nobody_could_accept_is_not_made(plan_env: PlanEnvironment, new: OfferCreate, code: str) -> None:
    with pytest.raises(BillingError) as refused:
        await made(plan_env, new)

    assert (refused.value.code, await offers(plan_env)) == (code, [])
    assert isinstance(refused.value, InvalidInput | Refused | NotFound)


@pytest.mark.full
async def test_who_pays_already_gets_the_offer_as_what_follows(plan_env: PlanEnvironment) -> None:
    plan = await plan_env.plan(by_hand(12))
    with pytest.raises(Refused) as refused:
        await made(plan_env)
    await plan_env.command(plan, SetEndDate(end_date=add_months(BEGIN, 1)))

    await plan_env.command(plan, ScheduleTierAtPlanEnd(tier="cloud_plus", fixed_price=12_000))
    scheduled = (await plan_env.plans())[-1]
    await plan_env.months(2)

    assert refused.value.code == "live_plan"
    assert (scheduled.status, scheduled.fixed_price) == (PlanStatus.NEVER_STARTED, 12_000)
    old, new = await plan_env.plans()
    assert (old.status, new.status, new.end_date) == (PlanStatus.ENDED, PlanStatus.ACTIVE, add_months(BEGIN, 13))
    assert [invoice.total for invoice in await plan_env.closed()] == [9600, 1000, 1000]


@pytest.mark.full
async def test_an_offer_accepted_during_complimentary_access_takes_its_place_once(
    server_plan_env: PlanEnvironment,
) -> None:
    plan_env = server_plan_env
    await plan_env.seats(12, BEGIN - DAY)
    free = await plan_env.plan(COMPLIMENTARY)
    offer = (await made(plan_env, OfferCreate(tier="self_hosted_business", fixed_price=120_000))).offer

    first, again = [await accepted(plan_env, offer, Schedule.ANNUAL) for _ in range(2)]

    assert first.state == again.state
    plan = first.state
    assert (plan.status, plan.fixed_price, plan.end_date) == (PlanStatus.ACTIVE, 120_000, add_months(BEGIN, 12))
    assert (await plan_env.state(free)).status is PlanStatus.ENDED
    assert [invoice.total for invoice in await plan_env.closed()] == [120_000]
    assert await offers(plan_env) == [OfferStatus.ACCEPTED]
    with pytest.raises(Refused):
        await accepted(plan_env, offer, key="another time")


@pytest.mark.full
async def test_ending_a_purchase_by_hand_opens_its_offer_again(plan_env: PlanEnvironment) -> None:
    offer = (await made(plan_env, FIXED.model_copy(update={"collection_method": CollectionMethod.SEND_INVOICE}))).offer
    plan = (await accepted(plan_env, offer)).state
    await plan_env.sent()
    await plan_env.advance(BEGIN + timedelta(hours=1))

    await plan_env.command(plan, EndNow())

    assert await offers(plan_env) == [OfferStatus.OPEN]
