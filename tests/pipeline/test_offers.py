"""Offers from being made to a running plan, and everything that may come between."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billflow.domain.calendar import add_months
from billflow.domain.commands import EndNow, ScheduleTierAtPlanEnd, SetEndDate
from billflow.domain.errors import BillingError, InvalidInput, NotFound, Refused
from billflow.domain.plan import CollectionMethod, LicenseManagement, PlanStatus, Schedule
from billflow.models.contracts.customers import CustomerPricing, NewCustomer, OfferStatus
from billflow.models.contracts.invoices import Declined, InvoiceStatus
from billflow.models.contracts.offers import Acceptance, NewOffer, OfferMade, OfferRecord
from billflow.models.contracts.plans import PlanStarted
from billflow.payments.sandbox import DECLINING_CARD, GOOD_CARD
from tests.engine_fixtures import until
from tests.pipeline.story import BEGIN, COMPLIMENTARY, DAY, MONTHLY, Story, begun, by_hand

FIXED = NewOffer(tier="cloud_enterprise", fixed_price=120_005)
DISCOUNT = NewOffer(tier="cloud_standard", monthly_discounted_price=600, annual_discounted_price=6000)


async def made(story: Story, new: NewOffer = FIXED) -> OfferMade:
    return await story.house.engine.offering.make(story.org_id, story.customer_id, new, await story.change())


async def accepted(
    story: Story, offer: OfferRecord, schedule: Schedule = Schedule.MONTHLY, key: str = "yes"
) -> PlanStarted:
    chosen = Acceptance(key=key, schedule=schedule, test_clock_id=story.clock_id)
    return await story.house.engine.offering.accept(
        story.org_id, story.customer_id, offer.offer_id, chosen, await story.change()
    )


async def withdrawn(story: Story, offer: OfferRecord) -> OfferRecord:
    return await story.house.engine.offering.withdraw(
        story.org_id, story.customer_id, offer.offer_id, await story.change()
    )


async def offers(story: Story) -> list[OfferStatus]:
    listed = await story.house.engine.offering.offers.offers(story.org_id, story.customer_id, await story.now())
    return [offer.status for offer in listed]


async def sent_by_support(story: Story, amount: int, stripe_customer_id: str = "") -> str:
    """Send an invoice at Stripe as support does on its own."""
    client = story.house.engine.stripe.v1
    customer = stripe_customer_id or await story.stripe_id()
    draft = await client.invoices.create_async(
        {"customer": customer, "collection_method": "send_invoice", "days_until_due": 30, "currency": "usd"}
    )
    await client.invoice_items.create_async(
        {"customer": customer, "invoice": draft.id, "amount": amount, "currency": "usd", "description": "Enterprise"}
    )
    return (await client.invoices.finalize_invoice_async(draft.id)).id


async def test_a_fixed_price_paid_by_the_month_is_twelve_instalments_and_then_ends(story: Story) -> None:
    offer = (await made(story)).offer
    started = await accepted(story, offer)
    plan = started.state
    assert (plan.status, plan.fixed_price, plan.price_per_license) == (PlanStatus.ACTIVE, 120_005, None)
    assert (plan.license_management, plan.end_date) == (LicenseManagement.AUTOMATIC, add_months(BEGIN, 12))
    await story.seats(4000)

    await story.months(13)

    invoices = await story.settled()
    assert [invoice.total for invoice in invoices] == [10_001] * 5 + [10_000] * 7
    assert sum(invoice.total for invoice in invoices) == 120_005
    assert (await story.state(plan)).status is PlanStatus.ENDED
    assert await offers(story) == [OfferStatus.ACCEPTED]
    told = await story.events("offer.made", "offer.accepted", "plan.fixed_price_review_due")
    assert [event["type"] for event in told] == ["offer.made", "offer.accepted", "plan.fixed_price_review_due"]


async def test_a_fixed_price_paid_by_the_year_is_billed_once(story: Story) -> None:
    plan = (await accepted(story, (await made(story)).offer, Schedule.ANNUAL)).state

    await story.months(12)

    assert [invoice.total for invoice in await story.settled()] == [120_005]
    assert (await story.state(plan)).status is PlanStatus.ENDED


async def test_a_discounted_offer_prices_the_plan_its_renewals_and_a_switch(story: Story) -> None:
    await story.seats(10, BEGIN - DAY)
    plan = (await accepted(story, (await made(story, DISCOUNT)).offer)).state
    assert (plan.price_per_license, plan.end_date) == (600, None)

    await story.months(1)

    assert [invoice.total for invoice in await story.settled()] == [6000, 6000]
    customer = await story.house.engine.archive.customer(story.org_id, story.customer_id)
    pricing = customer.pricing
    assert (pricing.required_plan_tier, pricing.annual_discounted_price) == ("cloud_standard", 6000)


async def test_an_offer_accepted_again_under_its_key_is_one_purchase(story: Story) -> None:
    offer = (await made(story)).offer

    first, second = await accepted(story, offer), await accepted(story, offer)

    assert first.state.plan_id == second.state.plan_id
    assert len(await story.at_stripe()) == 1


async def test_an_offer_whose_purchase_is_declined_is_open_again_with_the_old_prices(story: Story) -> None:
    await story.house.give_card(story.customer_id, DECLINING_CARD)
    before = CustomerPricing(flat_discounted_months=3)
    await story.price(before)
    offer = (await made(story, DISCOUNT)).offer

    declined = await accepted(story, offer)

    assert isinstance(declined.outcome, Declined)
    assert await offers(story) == [OfferStatus.OPEN]
    assert (await story.house.engine.archive.customer(story.org_id, story.customer_id)).pricing == before
    await story.house.give_card(story.customer_id, GOOD_CARD)
    assert (await accepted(story, offer, key="again")).state.price_per_license == 600
    assert await offers(story) == [OfferStatus.ACCEPTED]


async def test_an_offer_expires_and_makes_room_for_the_next(story: Story) -> None:
    offer = (await made(story, FIXED.model_copy(update={"expires_at": BEGIN + DAY}))).offer
    await story.advance(BEGIN + DAY)

    with pytest.raises(Refused) as refused:
        await accepted(story, offer)

    assert (refused.value.code, await offers(story)) == ("offer_expired", [OfferStatus.EXPIRED])
    assert (await made(story)).offer.status is OfferStatus.OPEN
    assert [event["type"] for event in await story.events("offer.expired")] == ["offer.expired"]


async def test_there_is_one_open_offer_for_a_customer_and_tier(story: Story) -> None:
    first = (await made(story)).offer

    with pytest.raises(Refused) as refused:
        await made(story)
    await made(story, DISCOUNT)
    await withdrawn(story, first)
    await made(story)

    assert refused.value.code == "offer_exists"
    assert await offers(story) == [OfferStatus.OPEN, OfferStatus.OPEN, OfferStatus.WITHDRAWN]


async def test_a_withdrawn_offer_starts_nothing(story: Story) -> None:
    offer = (await made(story)).offer
    await withdrawn(story, offer)

    with pytest.raises(Refused) as refused:
        await accepted(story, offer)

    assert (refused.value.code, await story.plans()) == ("offer_not_open", [])
    assert (await withdrawn(story, offer)).status is OfferStatus.WITHDRAWN


async def test_a_fixed_price_that_waits_rules_a_trial_out(story: Story) -> None:
    await made(story, NewOffer(tier="cloud_standard", fixed_price=50_000))

    with pytest.raises(Refused) as refused:
        await story.start(replace(MONTHLY, trial_days=30))

    assert refused.value.code == "trial_not_available"


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (NewOffer(tier="cloud_plus"), "offer_needs_one_kind_of_price"),
        (NewOffer(tier="cloud_plus", fixed_price=5, monthly_discounted_price=5), "offer_needs_one_kind_of_price"),
        (NewOffer(tier="cloud_gold", fixed_price=5), "unknown_tier"),
        (NewOffer(tier="cloud_enterprise", monthly_discounted_price=5), "unknown_tier"),
        (NewOffer(tier="self_hosted_business", fixed_price=5), "tier_not_for_deployment"),
        (NewOffer(tier="cloud_plus", fixed_price=5, expires_at=BEGIN), "offer_expired"),
        (NewOffer(tier="cloud_plus", fixed_price=5, sent_invoice_id="in_nothing"), "not_found"),
    ],
)
async def test_an_offer_nobody_could_accept_is_not_made(story: Story, new: NewOffer, code: str) -> None:
    with pytest.raises(BillingError) as refused:
        await made(story, new)

    assert (refused.value.code, await offers(story)) == (code, [])
    assert isinstance(refused.value, InvalidInput | Refused | NotFound)


async def test_who_pays_already_gets_the_offer_as_what_follows(story: Story) -> None:
    plan = await story.plan(by_hand(12))
    with pytest.raises(Refused) as refused:
        await made(story)
    await story.command(plan, SetEndDate(end_date=add_months(BEGIN, 1)))

    await story.command(plan, ScheduleTierAtPlanEnd(tier="cloud_plus", fixed_price=12_000))
    scheduled = (await story.plans())[-1]
    await story.months(2)

    assert refused.value.code == "live_plan"
    assert (scheduled.status, scheduled.fixed_price) == (PlanStatus.NEVER_STARTED, 12_000)
    old, new = await story.plans()
    assert (old.status, new.status, new.end_date) == (PlanStatus.ENDED, PlanStatus.ACTIVE, add_months(BEGIN, 13))
    assert [invoice.total for invoice in await story.settled()] == [9600, 1000, 1000]


async def test_an_offer_accepted_during_complimentary_access_takes_its_place_once(server_story: Story) -> None:
    story = server_story
    await story.seats(12, BEGIN - DAY)
    free = await story.plan(COMPLIMENTARY)
    offer = (await made(story, NewOffer(tier="self_hosted_business", fixed_price=120_000))).offer

    first, again = [await accepted(story, offer, Schedule.ANNUAL) for _ in range(2)]

    assert first.state == again.state
    plan = first.state
    assert (plan.status, plan.fixed_price, plan.end_date) == (PlanStatus.ACTIVE, 120_000, add_months(BEGIN, 12))
    assert (await story.state(free)).status is PlanStatus.ENDED
    assert [invoice.total for invoice in await story.settled()] == [120_000]
    assert await offers(story) == [OfferStatus.ACCEPTED]
    with pytest.raises(Refused):
        await accepted(story, offer, key="another time")


async def test_an_invoice_sent_by_support_starts_the_plan_when_it_is_paid(story: Story) -> None:
    sent = await sent_by_support(story, 120_005)
    offering = await made(story, FIXED.model_copy(update={"sent_invoice_id": sent}))
    assert offering.started is not None
    plan = offering.started.state
    [invoice] = await story.invoices()
    assert (plan.status, invoice.stripe_invoice_id, invoice.status) == (
        PlanStatus.NEVER_STARTED,
        sent,
        InvoiceStatus.OPEN,
    )

    async def is_marked() -> bool:
        return "billflow_invoice" in ((await story.at_stripe())[0].metadata or {})

    await until(is_marked)
    await story.pay(invoice)

    async def runs() -> bool:
        return (await story.state(plan)).status is PlanStatus.ACTIVE

    await until(runs)
    state = await story.state(plan)
    assert (state.schedule, state.collection_method) == (Schedule.ANNUAL, CollectionMethod.SEND_INVOICE)
    assert (state.fixed_price, state.licenses, len(await story.at_stripe())) == (120_005, 0, 1)
    assert await offers(story) == [OfferStatus.ACCEPTED]


async def test_withdrawing_an_offer_voids_the_invoice_that_was_sent_for_it(story: Story) -> None:
    sent = await sent_by_support(story, 120_005)
    offering = await made(story, FIXED.model_copy(update={"sent_invoice_id": sent}))

    assert (await withdrawn(story, offering.offer)).status is OfferStatus.WITHDRAWN

    async def is_void() -> bool:
        return [held.status for held in await story.at_stripe()] == ["void"]

    await until(is_void)
    assert [(plan.status) for plan in await story.plans()] == [PlanStatus.ENDED]


async def test_a_customer_unknown_to_stripe_takes_on_the_customer_of_the_sent_invoice(story: Story) -> None:
    engine = story.house.engine
    new = NewCustomer(name="Newcomer", email=f"new-{story.customer_id}@acme.example")
    fresh = await engine.registry.create_customer(story.org_id, new, await story.change())
    held = await engine.stripe.v1.customers.create_async({"name": "Made by hand"})
    newcomer = Story(story.house, fresh, story.clock_id)

    sent = await sent_by_support(newcomer, 120_005, held.id)
    await made(newcomer, FIXED.model_copy(update={"sent_invoice_id": sent}))

    assert await newcomer.stripe_id() == held.id


async def test_a_sent_invoice_must_be_open_ours_and_over_the_offers_amount(story: Story) -> None:
    stranger = await begun(story.house)
    wrong = {
        "amount_mismatch": await sent_by_support(story, 120_000),
        "invoice_of_another_customer": await sent_by_support(stranger, 120_005),
        "invoice_not_open": await sent_by_support(story, 120_005),
    }
    await story.house.engine.stripe.v1.invoices.void_invoice_async(wrong["invoice_not_open"])

    for code, sent in wrong.items():
        with pytest.raises(Refused) as refused:
            await made(story, FIXED.model_copy(update={"sent_invoice_id": sent}))
        assert refused.value.code == code

    assert (await story.plans(), set(await offers(story))) == ([], {OfferStatus.WITHDRAWN})


async def test_ending_a_purchase_by_hand_opens_its_offer_again(story: Story) -> None:
    offer = (await made(story, FIXED.model_copy(update={"collection_method": CollectionMethod.SEND_INVOICE}))).offer
    plan = (await accepted(story, offer)).state
    await story.sent()
    await story.advance(BEGIN + timedelta(hours=1))

    await story.command(plan, EndNow())

    assert await offers(story) == [OfferStatus.OPEN]
