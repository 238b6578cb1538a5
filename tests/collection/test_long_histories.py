"""A collection that much happens to leaves its history behind, and goes on by the policy it began with."""

from dataclasses import replace

import pytest

from billflow.domain.dunning import DEFAULT_POLICY
from billflow.temporal.search_attributes import CUSTOMER, INVOICE
from tests.api_environment import until
from tests.collection.debts import DAY, DUE, Debts
from tests.workflows.histories import names_of, runs_of

SUGGESTED = 4 * 1024 * 1024
"""Bytes of a history after which the server suggests to continue as new."""

LONG = 1024 * 1024


@pytest.mark.full
async def test_a_collection_continues_as_new_by_the_policy_it_began_with(debts: Debts) -> None:
    debtor = await debts.declined()
    env, invoice = debtor.env, await debtor.invoice()
    collection = env.collection(invoice)
    for _ in range(SUGGESTED // LONG + 1):
        await collection.signal("attempt_failed", {"requires_action": False, "nobody_reads": "x" * LONG})

    async def has_continued() -> bool:
        return len(await runs_of(env.temporal, collection.id)) > 1

    async with debts.policy(replace(DEFAULT_POLICY, retry_after_days=())):
        await until(has_continued)
        await debtor.after(1)

    first, *_, last = await runs_of(env.temporal, collection.id)
    assert names_of(first)[-1] == "WORKFLOW_EXECUTION_CONTINUED_AS_NEW"
    assert len(last.events) < 100
    shown = (await collection.describe()).typed_search_attributes
    assert (shown.get(CUSTOMER), shown.get(INVOICE)) == (debtor.customer.customer_id, invoice.invoice_id)
    attempts = [(attempt.n, (attempt.at - DUE) // DAY) for attempt in (await debtor.invoice()).payment_attempts]
    assert attempts == [(1, 0), (2, 1)]
