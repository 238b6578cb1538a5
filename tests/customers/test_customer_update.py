"""What a customer is called, and where its invoices go, is the same at Stripe soon after it changed with us."""

from uuid import uuid4

import httpx

from billflow.activities.customer_update import CustomerUpdateActivities
from billflow.models.contracts.customers import CustomerRef
from billflow.payments.customers import StripeCustomers
from tests.api_environment import ApiEnvironment, until


async def called(env: ApiEnvironment, customer_id: str) -> tuple[str | None, str | None]:
    """Return name and e-mail of a customer at Stripe."""
    account = (await env.engine.queries.customers.get(env.org_id, customer_id)).billing_account
    held = await env.engine.stripe.v1.customers.retrieve_async(str(account.stripe_customer_id))
    return held.name, held.email


async def test_a_new_name_and_address_reach_stripe(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = (await env.customer()).customer_id
    email = f"{uuid4().hex[:8]}@muster.example"

    (await api.patch(f"/api/v1/customers/{customer}", json={"name": "Muster AG", "email": email})).raise_for_status()

    async def is_known() -> bool:
        return await called(env, customer) == ("Muster AG", email)

    await until(is_known)


async def test_an_accounts_own_address_for_invoices_wins(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await env.customer()
    base = f"/api/v1/customers/{customer.customer_id}"
    account = f"{base}/billing-accounts/{customer.billing_account.billing_account_id}"
    (await api.patch(account, json={"invoice_email": "ap@muster.example"})).raise_for_status()

    async def is_known() -> bool:
        return await called(env, customer.customer_id) == ("Acme", "ap@muster.example")

    await until(is_known)


async def test_telling_stripe_twice_is_as_good_as_once_and_a_customer_deleted_there_stops_nothing(
    env: ApiEnvironment,
) -> None:
    customer = (await env.customer()).customer_id
    activities = CustomerUpdateActivities(env.engine.repositories.billing_accounts, StripeCustomers(env.engine.stripe))
    ref = CustomerRef(org_id=env.org_id, customer_id=customer)
    [payer] = await env.engine.repositories.billing_accounts.payers(ref)

    for _ in range(2):
        await activities.update_payers(ref)
    assert await called(env, customer) == (payer.name, payer.email)

    await env.engine.stripe.v1.customers.delete_async(str(payer.stripe_customer_id))
    await activities.update_payers(ref)


async def test_who_is_not_at_stripe_is_told_to_nobody(env: ApiEnvironment) -> None:
    customer = (await env.customer(card=None)).customer_id

    assert (
        await env.engine.repositories.billing_accounts.payers(CustomerRef(org_id=env.org_id, customer_id=customer))
        == ()
    )
