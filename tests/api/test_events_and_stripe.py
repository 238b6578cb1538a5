"""What an event of Stripe's says is a hint: money changes state as Stripe itself holds it."""

from functools import partial
from uuid import uuid4

import httpx
import pytest
import stripe

from tests.api.test_plans import pay_at_stripe, plan_status, the_invoice
from tests.api.test_webhooks import deliver, event_of, is_handled, own_events_lost, reads, sent_invoice
from tests.api_environment import ApiEnvironment, until
from tests.sizes import further


@pytest.mark.parametrize("kind", ["invoice.paid", "invoice.voided", "invoice.marked_uncollectible"])
@pytest.mark.parametrize("named", ["another", *further("nothing", "itself")])
async def test_an_event_is_not_believed_where_stripe_holds_the_invoice_otherwise(
    kind: str, named: str, api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str
) -> None:
    plan_id, invoice = await sent_invoice(api, env)
    stripe_invoice_id: object = {"nothing": "in_nowhere", "itself": invoice["stripe_invoice_id"]}.get(named)
    async with own_events_lost(env):
        if named == "another":  # one that is as the event says, marked as ours by whoever made it
            stripe_invoice_id = (await closed_elsewhere(env, invoice, kind)).id
        event = event_of(kind, str(invoice["id"]), env.org_id, stripe_invoice_id=stripe_invoice_id)
        await deliver(api, env, event)
        await until(partial(is_handled, env_database_url, event["id"]))

    assert (await the_invoice(api, plan_id))["status"] == "open"
    assert await plan_status(api, plan_id) == "never_started"


async def closed_elsewhere(env: ApiEnvironment, invoice: dict[str, object], kind: str) -> stripe.Invoice:
    """Make another invoice for the customer at Stripe, with the marks of ours, and close it."""
    invoices = env.engine.stripe.v1.invoices
    ours = await invoices.retrieve_async(str(invoice["stripe_invoice_id"]))
    marks = ours.to_dict()["metadata"]
    other = await invoices.create_async(
        {"customer": str(ours.customer), "collection_method": "send_invoice", "days_until_due": 9, "metadata": marks}
    )
    await invoices.add_lines_async(other.id, {"lines": [{"amount": 100, "description": "Something else"}]})
    await invoices.finalize_invoice_async(other.id)
    if kind == "invoice.paid":
        return await invoices.pay_async(other.id, {"paid_out_of_band": True})
    if kind == "invoice.voided":
        return await invoices.void_invoice_async(other.id)
    return await invoices.mark_uncollectible_async(other.id)


@pytest.mark.full
async def test_a_failed_payment_is_not_believed_where_stripe_holds_no_such_invoice(
    api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str
) -> None:
    plan_id, invoice = await sent_invoice(api, env)
    event = event_of("invoice.payment_failed", str(invoice["id"]), env.org_id, stripe_invoice_id="in_nowhere")

    await deliver(api, env, event)
    await until(partial(is_handled, env_database_url, event["id"]))

    timeline = (await api.get(f"/api/v1/plans/{plan_id}/timeline", params={"limit": 100})).json()["timeline"]
    assert "invoice.payment_failed" not in [entry["name"] for entry in timeline]


async def test_a_customer_that_stripe_still_has_is_not_detached(
    api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str
) -> None:
    customer = await env.customer()
    before = await env.engine.queries.customers.get(env.org_id, customer.customer_id)
    named = {"id": before.billing_account.stripe_customer_id, "object": "customer"}
    event = event_of("customer.deleted", str(uuid4()), env.org_id) | {"data": {"object": named}}

    await deliver(api, env, event)
    await until(partial(is_handled, env_database_url, event["id"]))

    after = await env.engine.queries.customers.get(env.org_id, customer.customer_id)
    assert named["id"] is not None
    assert after.billing_account.stripe_customer_id == named["id"]


async def test_an_event_costs_one_read_and_one_of_a_paid_invoice_none(
    api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str
) -> None:
    plan_id, invoice = await sent_invoice(api, env)
    async with own_events_lost(env):
        await pay_at_stripe(env, invoice)
        before = await reads(env)
        taken = []
        for _ in range(2):
            event = event_of(
                "invoice.paid", str(invoice["id"]), env.org_id, stripe_invoice_id=invoice["stripe_invoice_id"]
            )
            await deliver(api, env, event)
            await until(partial(is_handled, env_database_url, event["id"]))
            taken.append(await reads(env) - before)

    assert taken == [1, 1]
    assert (await the_invoice(api, plan_id))["status"] == "paid"
