"""Every other id of Stripe's stops existing, or changes owner; docs/stripe-objects.md says what follows."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from billflow.domain.reconciliation import FindingKind
from billflow.models.tables import Base, BillingAccountRow
from tests.api_environment import ApiEnvironment, until
from tests.customers.fixtures import at, events_of
from tests.losses.subscriptions import PRICE, RENEWAL, Subscription, debtor, no_webhooks, subscribed
from tests.sizes import further

PAGE = Path(__file__).parents[2] / "docs" / "stripe-objects.md"
HOLDS_IDS = ("stripe_", "sent_invoice_id")


def test_the_page_has_a_row_for_every_column_that_holds_an_id_of_stripes() -> None:
    columns = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name.startswith(HOLDS_IDS)
    }
    rows = {line.split("`")[1] for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")}

    assert len(columns) > 10
    assert rows == columns


async def test_a_card_detached_in_the_dashboard_is_asked_for_and_the_next_one_pays(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    made = await subscribed(api, env)
    await made.stripe.v1.payment_methods.detach_async(await default_card(made))
    await until(lambda: _has_no_card(made))

    await made.advance(RENEWAL)
    declined = await made.until_last(status="open", total=PRICE)
    await made.enter_card()
    await made.until_last(status="paid")

    assert declined["last_outcome"]["code"] == "no_payment_method"
    assert "customer.card_changed" in await events_of(env, made.customer)
    assert await made.paid_at_stripe() == 2 * PRICE
    await made.check_nothing_differs()


@pytest.mark.full
async def test_a_card_that_belongs_to_somebody_else_by_now_is_not_charged(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    made, other = await subscribed(api, env), await subscribed(api, env)
    card = await default_card(made)
    async with no_webhooks(env):
        await made.stripe.v1.payment_methods.detach_async(card)
        await made.stripe.v1.payment_methods.attach_async(card, {"customer": await other.stripe_id() or ""})

    await made.advance(RENEWAL)
    declined = await made.until_last(status="open", total=PRICE)

    assert declined["last_outcome"]["code"] == "no_payment_method"
    assert (await made.paid_at_stripe(), await other.paid_at_stripe()) == (PRICE, PRICE)
    await made.enter_card()
    await made.until_last(status="paid")
    await made.check_nothing_differs()


@pytest.mark.full
async def test_an_open_invoice_that_stripe_has_lost_is_issued_anew_with_the_next_attempt(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    made = await debtor(api, env)
    lost = await made.last()

    await delete_at_stripe(made, lost["stripe_invoice_id"])
    await made.advance("2027-02-11T10:00:00Z")
    anew = await made.until_issued_anew(lost)
    await made.enter_card()
    await made.until_last(status="paid")

    assert anew["replaced_stripe_invoices"] == [lost["stripe_invoice_id"]]
    assert await made.paid_at_stripe() == 2 * PRICE
    await made.check_nothing_differs()


@pytest.mark.full
async def test_reconciliation_has_an_open_invoice_issued_anew_that_stripe_has_lost(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    made = await subscribed(api, env, card=None, collection_method="send_invoice")
    lost = await made.until_last(status="open")

    await delete_at_stripe(made, lost["stripe_invoice_id"])
    found = await made.reconcile(repair=True)
    anew = await made.until_issued_anew(lost)

    assert [(one.kind, one.subject_id) for one in found.findings] == [(FindingKind.MISSING, lost["id"])]
    assert (found.is_clean, anew["amount_due"]) == (True, PRICE)
    await made.check_nothing_differs()


@pytest.mark.full
async def test_an_invoice_voided_in_the_dashboard_is_void_here_and_is_to_be_waived_or_issued_again(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    made = await debtor(api, env, credit=1000)

    await made.stripe.v1.invoices.void_invoice_async((await made.last())["stripe_invoice_id"])
    void = await made.until_last(status="void")
    found = (await made.reconcile()).findings
    waived = await api.post(f"/api/v1/invoices/{void['id']}/void", json={"waived": True})

    assert waived.status_code == 200, waived.text
    assert [(one.kind, one.subject_id) for one in found] == [(FindingKind.NOT_BILLED, void["id"])]
    assert await made.credit() == 1000
    await made.check_nothing_differs()


async def refund(made: Subscription) -> str:
    """Refund a part of the purchase; return Stripe's id of that."""
    address = f"/api/v1/invoices/{(await made.last())['id']}/refund"
    return str((await made.api.post(address, json={"amount": 500})).json()["stripe_id"])


async def credit_note(made: Subscription) -> str:
    """Credit a part of the purchase to the balance; return Stripe's id of that."""
    address = f"/api/v1/invoices/{(await made.last())['id']}/credit-notes"
    return str((await made.api.post(address, json={"amount": 500, "refund_method": "balance"})).json()["stripe_id"])


async def balance_transaction(made: Subscription) -> str:
    """Return Stripe's id of the granted credit."""
    listed = await made.stripe.v1.customers.balance_transactions.list_async(await made.stripe_id() or "")
    return next(one.id for one in listed.data if one.amount < 0)


async def payment(made: Subscription) -> str:
    """Return Stripe's id of the charge of the purchase."""
    return str((await made.stripe.v1.charges.list_async({"customer": await made.stripe_id() or ""})).data[0].id)


async def payment_intent(made: Subscription) -> str:
    """Return Stripe's id of the payment of the purchase."""
    listed = await made.stripe.v1.payment_intents.list_async({"customer": await made.stripe_id() or ""})
    return str(listed.data[0].id)


async def invoice_item(made: Subscription) -> str:
    """Return Stripe's id of the item that the purchase bills."""
    return str((await made.env.control("GET", "/state?kind=invoiceitem"))["objects"][-1]["id"])


@pytest.mark.full
@pytest.mark.parametrize(
    "made_at_stripe", [payment, *further(refund, credit_note, balance_transaction, payment_intent, invoice_item)]
)
async def test_what_is_done_stays_done_when_stripe_forgets_it(
    api: httpx.AsyncClient, env: ApiEnvironment, made_at_stripe: Callable[[Subscription], Awaitable[str]]
) -> None:
    made = await subscribed(api, env)
    await made.grant(1000)
    await made.advance(RENEWAL)
    await made.until_last(status="paid", balance_applied=1000)
    deleted = await made_at_stripe(made)
    credit, paid = await made.credit(), await made.paid_at_stripe()

    await delete_at_stripe(made, deleted)
    await made.advance("2027-03-10T10:00:00Z")
    renewed = await made.until_last(status="paid", issued_at="2027-03-10T10:00:00Z")

    assert renewed["amount_paid"] == PRICE - credit
    assert await made.paid_at_stripe() == paid + PRICE - credit - (PRICE - 1000 if made_at_stripe is payment else 0)
    await made.check_nothing_differs()


@pytest.mark.full
async def test_an_offer_with_a_sent_invoice_that_is_gone_is_refused(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    made = await subscribed(api, env)

    offer = {"tier": "cloud_standard", "fixed_price": 12_000, "sent_invoice_id": "in_gone"}
    answer = await api.post(at(made.customer, "offers"), json=offer)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "Stripe has no invoice 'in_gone'" in answer.json()["detail"]


async def default_card(made: Subscription) -> str:
    """Return Stripe's id of the customer's default card."""
    customer = await made.stripe.v1.customers.retrieve_async(await made.stripe_id() or "")
    return str(customer.to_dict()["invoice_settings"]["default_payment_method"])


async def delete_at_stripe(made: Subscription, stripe_id: str) -> None:
    """Delete an object at Stripe, as if it had never been."""
    assert (await made.env.control("DELETE", f"/objects/{stripe_id}"))["deleted"]


async def _has_no_card(made: Subscription) -> bool:
    mine = BillingAccountRow.stripe_customer_id == await made.stripe_id()
    async with made.env.engine.database.unit_of_work(made.env.org_id) as session:
        return await session.scalar(select(BillingAccountRow.stripe_payment_method_id).where(mine)) is None
