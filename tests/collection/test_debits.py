"""Payments that are under way at a bank for days: nothing is charged meanwhile, and a refusal is an answer like any."""

from collections.abc import AsyncIterator

import pytest

from billflow.domain.dunning import DunningAction
from billflow.models.contracts.invoices import InvoiceStatus
from tests.api_environment import until
from tests.collection.debts import BANK_SECONDS, DAY, DUE, Debtor, Debts

FAILING_ACCOUNT, PAYING_ACCOUNT = "pm_failed_de", "pm_success_de"


async def responds(debtor: Debtor) -> list[tuple[str, int]]:
    """Return what came of the charges of the newest invoice, and how many days after the renewal."""
    attempts = (await debtor.invoice()).payment_attempts
    return [(str(attempt.outcome["kind"]), (attempt.at - DUE) // DAY) for attempt in attempts]


async def has_come_to(debtor: Debtor, action: DunningAction, days: int) -> None:
    """Wait until the records say what comes next, so many days after the renewal: all before it is done by then."""

    async def says_so() -> bool:
        invoice = await debtor.invoice()
        return (invoice.next_action, invoice.next_attempt_at) == (action, DUE + days * DAY)

    await until(says_so)


async def test_a_debit_that_its_bank_refuses_days_later_is_retried_by_the_policy(debts: Debts) -> None:
    debtor = await debts.declined(FAILING_ACCOUNT)
    await has_come_to(debtor, DunningAction.RETRY, 1)
    for day, following in ((1, 3), (3, 5)):
        await debtor.after(day)
        await has_come_to(debtor, DunningAction.RETRY, following)

    assert await responds(debtor) == [(kind, day) for day in (0, 1, 3) for kind in ("open", "declined")]
    assert await debtor.reported() == [("payment_failed", day) for day in (0, 1, 3)]
    assert (await debtor.invoice()).status is InvoiceStatus.OPEN


@pytest.mark.full
async def test_a_customer_whose_debits_are_all_refused_is_suspended_as_for_a_card(debts: Debts) -> None:
    debtor = await debts.declined(FAILING_ACCOUNT)
    for day in (1, 3, 5, 7):
        await has_come_to(debtor, DunningAction.RETRY, day)
        await debtor.after(day)
    await has_come_to(debtor, DunningAction.END_PLAN, 37)

    assert await debtor.status() == "suspended"
    assert (await debtor.reported())[-2:] == [("payment_failed", 7), ("suspended", 7)]


@pytest.fixture
async def slow_bank(debts: Debts) -> AsyncIterator[Debts]:
    """Yield where debts are made while a bank takes ten minutes, by Stripe's clock."""
    await debts.env.control("POST", "/settings", sepa_delay=600)
    yield debts
    await debts.env.control("POST", "/settings", sepa_delay=BANK_SECONDS)
    await debts.env.control("POST", "/clock", reset=True)


@pytest.mark.full
async def test_while_a_debit_is_under_way_it_is_not_charged_again_and_nobody_is_written_to(slow_bank: Debts) -> None:
    debtor = await slow_bank.declined(PAYING_ACCOUNT)
    await debtor.after(20)

    # Of the new account may be heard after the renewal, which looks at the debit once more: it is under way still.
    assert set(await responds(debtor)) == {("open", 0)}
    charges = (await debtor.env.control("GET", "/state?kind=charge"))["objects"]
    payer = (await debtor.env.at_stripe(debtor.customer))[-1].customer
    assert [one["status"] for one in charges if one["customer"] == payer] == ["succeeded", "pending"]
    assert await debtor.reported() == []
    assert await debtor.status() == "active"


@pytest.mark.full
async def test_a_debit_that_is_refused_while_nothing_collects_it_starts_its_collection(slow_bank: Debts) -> None:
    debtor = await slow_bank.declined(FAILING_ACCOUNT)
    await slow_bank.env.collection(await debtor.invoice()).terminate("its data were lost")

    await slow_bank.env.control("POST", "/clock", advance=600)
    await has_come_to(debtor, DunningAction.RETRY, 1)

    assert await responds(debtor) == [("open", 0), ("declined", 0)]
    assert await debtor.reported() == [("payment_failed", 0)]
