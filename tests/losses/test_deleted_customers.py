"""A customer deleted in Stripe's dashboard: a new one gets the credit and open invoices, and dunning begins anew."""

import httpx
import pytest

from billflow.domain.reconciliation import FindingKind
from billflow.models.contracts.mail import Occasion
from tests.api_environment import ApiEnvironment, until
from tests.customers.fixtures import at, events_of
from tests.losses.subscriptions import PRICE, RENEWAL, Subscription, debtor, no_webhooks, subscribed


@pytest.mark.full
async def test_what_is_left_of_a_credit_pays_the_next_renewal_through_a_new_customer(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    made = await subscribed(api, env, credit=10_000)
    assert await made.balance_at_stripe() == 10_000 - PRICE

    deleted_id = await made.delete_customer()
    await made.advance(RENEWAL)
    renewed = await made.until_last(status="paid", total=PRICE)

    assert (renewed["amount_paid"], renewed["balance_applied"]) == (0, PRICE)
    assert await made.stripe_id() not in (None, deleted_id)
    assert await made.credit() == 10_000 - 2 * PRICE == await made.balance_at_stripe()
    assert await made.paid_at_stripe() == 0
    await made.check_nothing_differs()


@pytest.mark.full
async def test_an_open_invoice_is_issued_anew_once_and_paid_by_the_next_card(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    made = await debtor(api, env)
    lost = await made.last()

    await made.delete_customer()
    for event in (await made.stripe.v1.events.list_async({"type": "customer.deleted"})).data[:1]:
        await env.control("POST", f"/events/{event.id}/replay")
    anew = await made.until_issued_anew(lost)
    assert anew["last_outcome"]["code"] == "no_payment_method"
    assert anew["replaced_stripe_invoices"] == [lost["stripe_invoice_id"]]
    assert [(one["status"], one["amount_due"]) for one in await made.held()] == [
        ("paid", PRICE),
        ("void", PRICE),
        ("open", PRICE),
    ]
    assert (await made.held())[-1]["metadata"]["billflow_replaces"] == lost["stripe_invoice_id"]
    await made.check_nothing_differs()

    await made.enter_card()
    paid = await made.until_last(status="paid")

    assert (paid["id"], paid["amount_paid"]) == (lost["id"], PRICE)
    assert await made.paid_at_stripe() == 2 * PRICE
    await made.check_nothing_differs()


@pytest.mark.full
async def test_dunning_begins_anew_and_asks_for_a_card_before_it_suspends(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    made = await debtor(api, env)
    await made.advance("2027-02-16T10:00:00Z")
    lost = await made.last()
    written = await _failure_mails(made)

    await made.delete_customer()
    await made.until_issued_anew(lost)
    await until(lambda: _is_written_to_again(made, written))
    await made.advance("2027-02-22T10:00:00Z")

    assert await made.status() == "active"
    assert (await made.last())["status"] == "open"
    assert "customer.card_changed" in await events_of(env, made.customer)
    await made.advance("2027-02-24T10:00:00Z")
    await until(lambda: _has_status(made, "suspended"))
    await made.enter_card()
    await made.until_last(status="paid")
    await until(lambda: _has_status(made, "active"))
    assert await made.paid_at_stripe() == 2 * PRICE
    await made.check_nothing_differs()


@pytest.mark.full
async def test_an_open_invoice_keeps_what_credits_and_credit_notes_took_off_it(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    made = await debtor(api, env, credit=1000)
    lost = await made.last()
    note = await api.post(f"/api/v1/invoices/{lost['id']}/credit-notes", json={"amount": 400})
    assert note.status_code == 201, note.text

    await made.delete_customer()
    anew = await made.until_issued_anew(lost)
    still_to_pay = (await made.held())[-1]["amount_remaining"]
    await made.check_nothing_differs()
    await made.enter_card()
    await made.until_last(status="paid")

    assert (anew["total"], anew["balance_applied"], anew["amount_due"]) == (PRICE, 1000, PRICE - 1000)
    assert still_to_pay == PRICE - 1000 - 400
    assert await made.paid_at_stripe() == PRICE + still_to_pay
    assert await made.credit() == 0
    await made.check_nothing_differs()


@pytest.mark.full
async def test_a_sent_invoice_is_sent_anew_and_due_as_long_after_as_at_first(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    made = await subscribed(api, env, card=None, collection_method="send_invoice")
    await made.until_last(status="open")
    await made.stripe.v1.invoices.pay_async((await made.held())[0]["id"], {"paid_out_of_band": True})
    await made.until_last(status="paid")
    await made.advance(RENEWAL)
    lost = await made.until_last(status="open", due_at="2027-02-25T10:00:00Z")
    await made.advance("2027-03-01T10:00:00Z")

    await made.delete_customer()
    anew = await made.until_issued_anew(lost)
    await made.advance("2027-03-05T10:00:00Z")

    assert anew["due_at"] == "2027-03-16T10:00:00Z"
    assert await made.status() == "active"
    assert [one["status"] for one in await made.held()] == ["paid", "void", "open"]
    await made.check_nothing_differs()
    await made.stripe.v1.invoices.pay_async((await made.held())[-1]["id"], {"paid_out_of_band": True})
    await made.until_last(status="paid")
    await made.check_nothing_differs()


@pytest.mark.full
async def test_a_customer_deleted_again_and_again_loses_nothing(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    made = await debtor(api, env, credit=500)

    for _ in range(3):
        lost = await made.last()
        await made.delete_customer()
        await made.until_issued_anew(lost)
    await made.grant(300)
    await made.enter_card()
    paid = await made.until_last(status="paid")

    assert len(paid["replaced_stripe_invoices"]) == 3
    assert await made.paid_at_stripe() == PRICE + PRICE - 500
    await made.check_nothing_differs()


@pytest.mark.full
async def test_a_deletion_that_nobody_tells_of_is_seen_at_the_next_renewal(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    made = await subscribed(api, env, credit=5000)

    async with no_webhooks(env):
        deleted_id = await made.delete_customer(noticed=False)
    await made.advance(RENEWAL)
    renewed = await made.until_last(status="paid", total=PRICE)

    assert renewed["balance_applied"] == PRICE
    assert await made.stripe_id() not in (None, deleted_id)
    assert await made.credit() == 5000 - 2 * PRICE
    await made.check_nothing_differs()


@pytest.mark.full
async def test_a_deletion_that_nobody_tells_of_is_seen_at_the_next_attempt_to_collect(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    made = await debtor(api, env)
    lost = await made.last()

    async with no_webhooks(env):
        await made.delete_customer(noticed=False)
    await made.advance("2027-02-11T10:00:00Z")
    anew = await made.until_issued_anew(lost)

    assert anew["replaced_stripe_invoices"] == [lost["stripe_invoice_id"]]
    await made.enter_card()
    await made.until_last(status="paid")
    assert await made.paid_at_stripe() == 2 * PRICE
    await made.check_nothing_differs()


@pytest.mark.full
async def test_a_deletion_that_nobody_tells_of_is_seen_when_a_card_is_to_be_entered(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    made = await debtor(api, env)

    async with no_webhooks(env):
        await made.delete_customer(noticed=False)
    await made.enter_card()
    await made.until_last(status="paid")

    assert await made.paid_at_stripe() == 2 * PRICE
    await made.check_nothing_differs()


@pytest.mark.full
async def test_reconciliation_finds_a_deleted_customer_and_replaces_it(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    made = await subscribed(api, env, card=None, collection_method="send_invoice", credit=1000)
    lost = await made.until_last(status="open")
    async with no_webhooks(env):
        deleted_id = await made.delete_customer(noticed=False)

    found = await made.reconcile(repair=True)
    anew = await made.until_issued_anew(lost)

    assert [(one.kind, one.subject_id) for one in found.findings] == [(FindingKind.CUSTOMER_MISSING, deleted_id)]
    assert found.is_clean
    assert (anew["amount_due"], anew["balance_applied"]) == (PRICE - 1000, 1000)
    await made.check_nothing_differs()


@pytest.mark.full
async def test_reconciliation_finds_a_balance_that_somebody_changed_at_stripe(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    made = await subscribed(api, env, credit=10_000)
    transactions, stripe_id = made.stripe.v1.customers.balance_transactions, await made.stripe_id() or ""

    await transactions.create_async(stripe_id, {"amount": -150, "currency": "usd"})
    found = (await made.reconcile(repair=True)).findings
    await transactions.create_async(stripe_id, {"amount": 150, "currency": "usd"})

    assert [(one.kind, one.subject_id, one.repaired_at) for one in found] == [
        (FindingKind.WRONG_BALANCE, stripe_id, None)
    ]
    assert "USD 76 on the customer's balance in our records, USD 77.50 at Stripe" in found[0].message
    await made.check_nothing_differs()


@pytest.mark.full
async def test_an_erased_customer_gets_no_new_one(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    made = await subscribed(api, env, credit=10_000)
    plan = (await api.get("/api/v1/plans", params={"customer_id": made.customer["id"]})).json()["plans"][0]
    await api.post(f"/api/v1/plans/{plan['id']}/commands", json={"type": "end_now"})

    erased = await api.post(at(made.customer, "erase"), json={})
    assert erased.status_code == 200, erased.text
    await until(lambda: _is_detached(made))

    assert [finding.message for finding in (await made.reconcile()).findings] == []


async def _failure_mails(made: Subscription) -> int:
    page = await made.env.engine.repositories.mails.list(made.env.org_id, made.customer["id"])
    return len([mail for mail in page.rows if mail.occasion is Occasion.PAYMENT_FAILED])


async def _is_written_to_again(made: Subscription, before: int) -> bool:
    return await _failure_mails(made) > before


async def _has_status(made: Subscription, status: str) -> bool:
    return await made.status() == status


async def _is_detached(made: Subscription) -> bool:
    return await made.stripe_id() is None
