"""Whatever becomes of a request or its answer, a debt exists once at Stripe and is charged once."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import pytest

from billflow.models.contracts.invoices import BilledCustomer, InvoiceStatus, InvoiceToCollect, Issued, Paid
from billflow.payments import keys
from billflow.payments.client import stripe_client
from billflow.payments.gateway import StripeGateway
from billflow.payments.sandbox import Sandbox
from billflow.ports import PaymentsUnavailable
from stripe_stand_in.engine.plan import Plan
from tests.payments.asks import KEY, a_customer, an_invoice, invoices_of, known
from tests.payments.trouble import IMPATIENT, LOST_ANSWERS, PATIENT, Trouble, refusal, troubled_server

WRITES = ["customer.create", "invoice.create", "invoice.add_lines", "invoice.finalize_invoice", "invoice.pay"]
DAY_AND_MORE = 25
T = TypeVar("T")


@pytest.fixture
def trouble() -> Iterator[Trouble]:
    with troubled_server() as made:
        yield made


@pytest.fixture
async def gateway(trouble: Trouble) -> AsyncIterator[StripeGateway]:
    async with stripe_client(KEY, trouble.server.url, timeouts=PATIENT) as client:
        yield StripeGateway(client, trouble.now)


@pytest.fixture
async def impatient(trouble: Trouble) -> AsyncIterator[StripeGateway]:
    async with stripe_client(KEY, trouble.server.url, timeouts=IMPATIENT) as client:
        yield StripeGateway(client, trouble.now)


@dataclass
class Debt:
    """A customer's invoice on its way from the books to paid, one step at a time, each repeated until answered."""

    gateway: StripeGateway
    customer: BilledCustomer
    invoice: InvoiceToCollect
    unavailable: int = 0

    async def insist(self, step: Callable[[], Awaitable[T]]) -> T:
        for _ in range(20):
            try:
                return await step()
            except PaymentsUnavailable:
                self.unavailable += 1
        raise AssertionError("Stripe never answered")

    async def settle(self) -> None:
        await self.reach_customer()
        await Sandbox(self.gateway.client, KEY).give_card(str(self.customer.stripe_customer_id))
        await self.issue()
        assert await self.insist(lambda: self.gateway.collect(self.invoice, 1)) == Paid(amount_paid=self.invoice.total)

    async def reach_customer(self) -> None:
        stripe_id = await self.insist(lambda: self.gateway.ensure_customer(self.customer))
        self.customer = self.customer.model_copy(update={"stripe_customer_id": stripe_id})
        self.invoice = self.invoice.model_copy(update={"customer": self.customer})

    async def issue(self) -> Issued:
        answer = await self.insist(lambda: self.gateway.issue(self.invoice))
        known_now = {"stripe_invoice_id": answer.stripe_invoice_id, "status": answer.status}
        self.invoice = self.invoice.model_copy(update=known_now)
        return answer


def a_debt(gateway: StripeGateway) -> Debt:
    customer = a_customer()
    return Debt(gateway, customer, an_invoice(customer, 8000, -1500))


async def assert_paid_once(debt: Debt) -> None:
    client = debt.gateway.client
    customers = await client.v1.customers.list_async({"email": debt.customer.email})
    held = await invoices_of(client, debt.customer)
    charges = await client.v1.charges.list_async({"customer": str(debt.customer.stripe_customer_id)})
    assert len(customers.data) == 1
    assert [(one.status, one.total) for one in held] == [("paid", debt.invoice.total)]
    assert [(charge.status, charge.amount) for charge in charges.data] == [("succeeded", debt.invoice.total)]


@pytest.mark.parametrize("fault", sorted(LOST_ANSWERS.keys() - {"timeout"}))
async def test_answers_lost_on_the_way_cost_a_repetition_and_nothing_else(
    trouble: Trouble, gateway: StripeGateway, fault: str
) -> None:
    debt = a_debt(gateway)
    for operation in WRITES:
        trouble.at(operation, LOST_ANSWERS[fault])

    await debt.settle()

    assert debt.unavailable == len(WRITES)
    await assert_paid_once(debt)


async def test_what_was_done_while_we_stopped_listening_is_not_done_again(
    trouble: Trouble, impatient: StripeGateway
) -> None:
    debt = a_debt(impatient)
    for operation in WRITES:
        trouble.at(operation, LOST_ANSWERS["timeout"])

    await debt.settle()

    assert debt.unavailable >= len(WRITES)
    await assert_paid_once(debt)


async def test_a_stored_failure_is_left_behind_with_a_second_key(trouble: Trouble, gateway: StripeGateway) -> None:
    debt = a_debt(gateway)
    for operation in WRITES:
        trouble.at(operation, Plan(fails=True))

    await debt.settle()

    first = keys.create_invoice(debt.invoice.invoice_id)
    assert trouble.executed("invoice.create") == [first, f"{first}:v2"]
    await assert_paid_once(debt)


async def test_failures_stored_again_and_again_use_up_one_key_each(trouble: Trouble, gateway: StripeGateway) -> None:
    debt = a_debt(gateway)
    # The second of these meets the first key again, which only replays.
    trouble.at("invoice.create", *[Plan(fails=True) for _ in range(3)])

    await debt.settle()

    first = keys.create_invoice(debt.invoice.invoice_id)
    assert trouble.executed("invoice.create") == [first, f"{first}:v2", f"{first}:v3"]
    await assert_paid_once(debt)


async def test_too_many_requests_say_when_to_come_back(trouble: Trouble, gateway: StripeGateway) -> None:
    trouble.at("customer.list", refusal(429, "rate_limit", **{"Retry-After": "3"}), refusal(429, "lock_timeout"))

    waits = []
    for _ in range(2):
        with pytest.raises(PaymentsUnavailable) as busy:
            await gateway.ensure_customer(a_customer())
        waits.append(busy.value.retry_after)

    assert waits == [3.0, None]


async def test_a_request_still_under_way_is_waited_for(trouble: Trouble, gateway: StripeGateway) -> None:
    debt = a_debt(gateway)
    trouble.at("invoice.create", Plan(latency=0.2))
    await debt.reach_customer()

    answers = await asyncio.gather(gateway.issue(debt.invoice), gateway.issue(debt.invoice), return_exceptions=True)

    assert sorted(type(answer).__name__ for answer in answers) == ["Issued", "PaymentsUnavailable"]
    assert await gateway.issue(debt.invoice) in answers
    assert len(await invoices_of(gateway.client, debt.customer)) == 1


@pytest.mark.parametrize("operation", WRITES[1:4])
async def test_once_the_keys_are_forgotten_what_is_there_is_adopted(
    trouble: Trouble, gateway: StripeGateway, operation: str
) -> None:
    debt = a_debt(gateway)
    await debt.reach_customer()
    trouble.at(operation, LOST_ANSWERS["cut"])
    with pytest.raises(PaymentsUnavailable):
        await gateway.issue(debt.invoice)

    trouble.pass_hours(DAY_AND_MORE)
    answer = await debt.issue()

    held = await invoices_of(gateway.client, debt.customer)
    assert [(one.id, one.status, one.total) for one in held] == [(answer.stripe_invoice_id, "open", 6500)]
    assert len(held[0].lines.data) == len(debt.invoice.lines)


async def test_a_customer_is_adopted_once_its_key_is_forgotten(trouble: Trouble, gateway: StripeGateway) -> None:
    debt = a_debt(gateway)
    trouble.at("customer.create", LOST_ANSWERS["cut"])
    with pytest.raises(PaymentsUnavailable):
        await gateway.ensure_customer(debt.customer)

    trouble.pass_hours(DAY_AND_MORE)
    await debt.settle()

    await assert_paid_once(debt)


async def test_an_attempt_whose_key_is_forgotten_does_not_charge_again(
    trouble: Trouble, gateway: StripeGateway
) -> None:
    debt = a_debt(gateway)
    await debt.reach_customer()
    await Sandbox(gateway.client, KEY).give_card(str(debt.customer.stripe_customer_id))
    await debt.issue()
    trouble.at("invoice.pay", LOST_ANSWERS["cut"])
    with pytest.raises(PaymentsUnavailable):
        await gateway.collect(debt.invoice, 1)

    trouble.pass_hours(DAY_AND_MORE)

    assert await gateway.collect(debt.invoice, 1) == Paid(amount_paid=6500)
    assert len(trouble.executed("invoice.pay")) == 1


async def test_surplus_drafts_are_deleted_and_the_finalized_one_is_kept(
    trouble: Trouble, gateway: StripeGateway
) -> None:
    customer = await known(gateway)
    invoice = an_invoice(customer, 5000)
    answer = await gateway.issue(invoice)
    for _ in range(2):
        await gateway.client.v1.invoices.create_async(
            {"customer": str(customer.stripe_customer_id), "metadata": keys.invoice_metadata(invoice)}
        )

    trouble.pass_hours(DAY_AND_MORE)

    assert await gateway.issue(invoice) == answer
    assert [held.id for held in await invoices_of(gateway.client, customer)] == [answer.stripe_invoice_id]


async def test_a_release_that_asks_differently_finds_what_the_one_before_made(
    trouble: Trouble, gateway: StripeGateway
) -> None:
    customer = await known(gateway)
    invoice = an_invoice(customer, 5000)
    trouble.at("invoice.create", LOST_ANSWERS["cut"])
    with pytest.raises(PaymentsUnavailable):
        await gateway.issue(invoice)

    answer = await gateway.issue(invoice.model_copy(update={"statement_descriptor": "Renamed"}))

    assert answer.status is InvoiceStatus.OPEN
    assert len(await invoices_of(gateway.client, customer)) == 1


async def test_a_release_that_words_lines_differently_does_not_add_them_twice(
    trouble: Trouble, gateway: StripeGateway
) -> None:
    customer = await known(gateway)
    invoice = an_invoice(customer, 5000, 700)
    trouble.at("invoice.finalize_invoice", LOST_ANSWERS["never carried out"])
    with pytest.raises(PaymentsUnavailable):
        await gateway.issue(invoice)

    reworded = tuple(line.model_copy(update={"description": "Reworded"}) for line in invoice.lines)
    answer = await gateway.issue(invoice.model_copy(update={"lines": reworded}))

    assert (answer.status, answer.amount_due) == (InvoiceStatus.OPEN, 5700)
    assert len(trouble.executed("invoice.add_lines")) == 1


async def test_a_draft_that_a_person_finalized_meanwhile_is_issued(trouble: Trouble, gateway: StripeGateway) -> None:
    customer = await known(gateway)
    invoice = an_invoice(customer, 5000)
    trouble.at("invoice.finalize_invoice", LOST_ANSWERS["never carried out"])
    with pytest.raises(PaymentsUnavailable):
        await gateway.issue(invoice)
    (draft,) = await invoices_of(gateway.client, customer)
    await gateway.client.v1.invoices.finalize_invoice_async(draft.id)

    answer = await gateway.issue(invoice)

    assert (answer.stripe_invoice_id, answer.status) == (draft.id, InvoiceStatus.OPEN)


async def test_a_lost_void_is_void(trouble: Trouble, gateway: StripeGateway) -> None:
    debt = a_debt(gateway)
    await debt.reach_customer()
    await debt.issue()
    trouble.at("invoice.void_invoice", Plan(fails=True), LOST_ANSWERS["reset"])

    await debt.insist(lambda: gateway.void(debt.invoice))

    assert [held.status for held in await invoices_of(gateway.client, debt.customer)] == ["void"]


async def test_forty_debts_under_every_kind_of_fault_are_paid_once_each(
    trouble: Trouble, impatient: StripeGateway
) -> None:
    chance = random.Random(20261120)
    kinds = [*LOST_ANSWERS.values(), Plan(fails=True), refusal(429, "rate_limit"), refusal(503, "unavailable")]
    for operation in WRITES:
        trouble.at(operation, *[chance.choice([Plan(), Plan(), *kinds]) for _ in range(60)])
    debts = [a_debt(impatient) for _ in range(40)]

    await asyncio.gather(*(debt.settle() for debt in debts))

    assert sum(debt.unavailable for debt in debts) > len(debts)
    for debt in debts:
        await assert_paid_once(debt)
