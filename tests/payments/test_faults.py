"""Whatever becomes of a request or its answer, a debt exists once at Stripe and is charged once."""

import asyncio
import random
from datetime import timedelta

import pytest

from billflow.payments import keys
from billflow.payments.gateway import StripeGateway
from billflow.ports.payments import PaymentsUnavailable
from billflow.telemetry.process_metrics import stripe_rate_limits
from stripe_emulator.engine.plan import Plan
from tests.payments.debts import WRITES, a_debt, assert_paid_once
from tests.payments.inputs import a_customer, invoices_of
from tests.payments.stripe_faults import LOST_RESPONSES, Trouble, refusal
from tests.waiting import PATIENCE


@pytest.mark.parametrize("fault", sorted(LOST_RESPONSES.keys() - {"timeout"}))
async def test_answers_lost_on_the_way_cost_a_repetition_and_nothing_else(
    trouble: Trouble, troubled: StripeGateway, fault: str
) -> None:
    debt = a_debt(troubled)
    for operation in WRITES:
        trouble.at(operation, LOST_RESPONSES[fault])

    await debt.close()

    assert debt.unavailable == len(WRITES)
    await assert_paid_once(debt)


async def test_what_was_done_while_we_stopped_listening_is_not_done_again(
    trouble: Trouble, impatient: StripeGateway
) -> None:
    debt = a_debt(impatient)
    for operation in WRITES:
        trouble.at(operation, LOST_RESPONSES["timeout"])

    await debt.close()

    assert debt.unavailable >= len(WRITES)
    await assert_paid_once(debt)


async def test_a_stored_failure_is_left_behind_with_a_second_key(trouble: Trouble, troubled: StripeGateway) -> None:
    debt = a_debt(troubled)
    for operation in WRITES:
        trouble.at(operation, Plan(fails=True))

    await debt.close()

    first = keys.act("invoice.create", debt.invoice.invoice_id).key
    assert trouble.executed("invoice.create") == [first, f"{first}:v2"]
    await assert_paid_once(debt)


async def test_failures_stored_again_and_again_use_up_one_key_each(trouble: Trouble, troubled: StripeGateway) -> None:
    debt = a_debt(troubled)
    # The second of these meets the first key again, which only replays.
    trouble.at("invoice.create", *[Plan(fails=True) for _ in range(3)])

    await debt.close()

    first = keys.act("invoice.create", debt.invoice.invoice_id).key
    assert trouble.executed("invoice.create") == [first, f"{first}:v2", f"{first}:v3"]
    await assert_paid_once(debt)


def counted() -> float:
    """Return how often Stripe has answered 429."""
    [metric] = stripe_rate_limits().collect()
    return next(sample.value for sample in metric.samples if sample.name.endswith("_total"))


async def test_too_many_requests_say_when_to_come_back(trouble: Trouble, troubled: StripeGateway) -> None:
    trouble.at("customer.list", refusal(429, "rate_limit", **{"Retry-After": "3"}), refusal(429, "lock_timeout"))

    waits, before = list[object](), counted()
    for _ in range(2):
        with pytest.raises(PaymentsUnavailable) as busy:
            await troubled.ensure_customer(a_customer())
        waits.append(busy.value.retry_after)

    assert waits == [timedelta(seconds=3), None]
    assert counted() == before + 2


async def test_a_request_still_under_way_is_waited_for(trouble: Trouble, troubled: StripeGateway) -> None:
    debt = a_debt(troubled)
    trouble.at("invoice.create", Plan(latency=PATIENCE))
    await debt.reach_customer()

    answers = await asyncio.gather(troubled.issue(debt.invoice), troubled.issue(debt.invoice), return_exceptions=True)

    assert sorted(type(answer).__name__ for answer in answers) == ["Issued", "PaymentsUnavailable"]
    assert await troubled.issue(debt.invoice) in answers
    assert len(await invoices_of(troubled.client, debt.customer)) == 1


async def test_a_lost_void_is_void(trouble: Trouble, troubled: StripeGateway) -> None:
    debt = a_debt(troubled)
    await debt.reach_customer()
    await debt.issue()
    trouble.at("invoice.void_invoice", Plan(fails=True), LOST_RESPONSES["reset"])

    await debt.insist(lambda: troubled.void(debt.invoice))

    assert [held.status for held in await invoices_of(troubled.client, debt.customer)] == ["void"]


@pytest.mark.full
async def test_forty_debts_under_every_kind_of_fault_are_paid_once_each(
    trouble: Trouble, impatient: StripeGateway
) -> None:
    chance = random.Random(20261120)
    kinds = [*LOST_RESPONSES.values(), Plan(fails=True), refusal(429, "rate_limit"), refusal(503, "unavailable")]
    for operation in WRITES:
        trouble.at(operation, *[chance.choice([Plan(), Plan(), *kinds]) for _ in range(60)])
    debts = [a_debt(impatient) for _ in range(40)]

    await asyncio.gather(*(debt.close() for debt in debts))

    assert sum(debt.unavailable for debt in debts) > len(debts)
    for debt in debts:
        await assert_paid_once(debt)
