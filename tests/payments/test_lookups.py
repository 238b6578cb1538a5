"""Where a key no longer helps, what Stripe holds is looked for and taken up."""

import pytest

from billflow.models.contracts.invoices import InvoiceStatus, Paid
from billflow.payments import keys
from billflow.payments.gateway import StripeGateway
from billflow.payments.sandbox import Sandbox
from billflow.ports.payments import PaymentsRejected, PaymentsUnavailable
from tests.payments.debts import WRITES, a_debt, assert_paid_once
from tests.payments.inputs import KEY, an_invoice, invoices_of, known
from tests.payments.stripe_faults import LOST_RESPONSES, Trouble

DAY_AND_MORE = 25


@pytest.mark.parametrize("operation", WRITES[1:4])
async def test_once_the_keys_are_forgotten_what_is_there_is_adopted(
    trouble: Trouble, troubled: StripeGateway, operation: str
) -> None:
    debt = a_debt(troubled)
    await debt.reach_customer()
    trouble.at(operation, LOST_RESPONSES["cut"])
    with pytest.raises(PaymentsUnavailable):
        await troubled.issue(debt.invoice)

    trouble.pass_hours(DAY_AND_MORE)
    answer = await debt.issue()

    held = await invoices_of(troubled.client, debt.customer)
    assert [(one.id, one.status, one.total) for one in held] == [(answer.stripe_invoice_id, "open", 6500)]
    assert len(held[0].lines.data) == len(debt.invoice.lines)


async def test_a_customer_is_adopted_once_its_key_is_forgotten(trouble: Trouble, troubled: StripeGateway) -> None:
    debt = a_debt(troubled)
    trouble.at("customer.create", LOST_RESPONSES["cut"])
    with pytest.raises(PaymentsUnavailable):
        await troubled.ensure_customer(debt.customer)

    trouble.pass_hours(DAY_AND_MORE)
    await debt.close()

    await assert_paid_once(debt)


async def test_an_attempt_whose_key_is_forgotten_does_not_charge_again(
    trouble: Trouble, troubled: StripeGateway
) -> None:
    debt = a_debt(troubled)
    await debt.reach_customer()
    await Sandbox(troubled.client, KEY).give_card(str(debt.customer.stripe_customer_id))
    await debt.issue()
    trouble.at("invoice.pay", LOST_RESPONSES["cut"])
    with pytest.raises(PaymentsUnavailable):
        await troubled.collect(debt.invoice, 1)

    trouble.pass_hours(DAY_AND_MORE)

    assert await troubled.collect(debt.invoice, 1) == Paid(amount_paid=6500)
    assert len(trouble.executed("invoice.pay")) == 1


async def test_surplus_drafts_are_deleted_and_the_finalized_one_is_kept(
    trouble: Trouble, troubled: StripeGateway
) -> None:
    customer = await known(troubled)
    invoice = an_invoice(customer, 5000)
    answer = await troubled.issue(invoice)
    for _ in range(2):
        await troubled.client.v1.invoices.create_async(
            {"customer": str(customer.stripe_customer_id), "metadata": keys.invoice_metadata(invoice)}
        )

    trouble.pass_hours(DAY_AND_MORE)

    assert await troubled.issue(invoice) == answer
    assert [held.id for held in await invoices_of(troubled.client, customer)] == [answer.stripe_invoice_id]


async def test_a_release_that_asks_differently_finds_what_the_one_before_made(
    trouble: Trouble, troubled: StripeGateway
) -> None:
    customer = await known(troubled)
    invoice = an_invoice(customer, 5000)
    trouble.at("invoice.create", LOST_RESPONSES["cut"])
    with pytest.raises(PaymentsUnavailable):
        await troubled.issue(invoice)

    answer = await troubled.issue(invoice.model_copy(update={"statement_descriptor": "Renamed"}))

    assert answer.status is InvoiceStatus.OPEN
    assert len(await invoices_of(troubled.client, customer)) == 1


async def test_a_release_that_words_lines_differently_does_not_add_them_twice(
    trouble: Trouble, troubled: StripeGateway
) -> None:
    customer = await known(troubled)
    invoice = an_invoice(customer, 5000, 700)
    trouble.at("invoice.finalize_invoice", LOST_RESPONSES["never carried out"])
    with pytest.raises(PaymentsUnavailable):
        await troubled.issue(invoice)

    reworded = tuple(line.model_copy(update={"description": "Reworded"}) for line in invoice.lines)
    answer = await troubled.issue(invoice.model_copy(update={"lines": reworded}))

    assert (answer.status, answer.amount_due) == (InvoiceStatus.OPEN, 5700)
    assert len(trouble.executed("invoice.add_lines")) == 1


async def test_a_draft_that_people_corrected_or_deleted_is_issued_within_the_day(
    trouble: Trouble, troubled: StripeGateway
) -> None:
    client = troubled.client
    customer = await known(troubled)
    for repair in ("correct", "delete"):
        invoice = an_invoice(customer, 5000)
        trouble.at("invoice.finalize_invoice", LOST_RESPONSES["never carried out"])
        with pytest.raises(PaymentsUnavailable):
            await troubled.issue(invoice)
        draft = (await invoices_of(client, customer))[0]
        spoilt = await client.v1.invoices.add_lines_async(draft.id, {"lines": [{"amount": 1, "description": "?"}]})
        with pytest.raises(PaymentsRejected):
            await troubled.issue(invoice)

        if repair == "correct":
            strange = [line.id for line in spoilt.lines.data if line.amount == 1]
            await client.v1.invoices.remove_lines_async(draft.id, {"lines": [{"id": strange[0], "behavior": "delete"}]})
        else:
            await client.v1.invoices.delete_async(draft.id)

        assert (await troubled.issue(invoice)).amount_due == 5000
    assert [held.status for held in await invoices_of(client, customer)] == ["open", "open"]


async def test_a_draft_that_a_person_finalized_meanwhile_is_issued(trouble: Trouble, troubled: StripeGateway) -> None:
    customer = await known(troubled)
    invoice = an_invoice(customer, 5000)
    trouble.at("invoice.finalize_invoice", LOST_RESPONSES["never carried out"])
    with pytest.raises(PaymentsUnavailable):
        await troubled.issue(invoice)
    (draft,) = await invoices_of(troubled.client, customer)
    await troubled.client.v1.invoices.finalize_invoice_async(draft.id)

    answer = await troubled.issue(invoice)

    assert (answer.stripe_invoice_id, answer.status) == (draft.id, InvoiceStatus.OPEN)
