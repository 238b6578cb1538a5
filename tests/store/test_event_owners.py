"""Whose event of Stripe's it is: the organization that has what the event names, and nobody's where that is nothing."""

from itertools import product

import pytest

from billflow.models.contracts.webhooks import StripeObjects
from billflow.store.session.database import Database
from billflow.store.webhooks.stripe_event_effects import PostgresStripeEventEffects
from tests.sizes import some
from tests.store.conftest import Company

UNKNOWN = ("in_unknown", "cus_unknown", "pi_unknown", "pm_unknown")


GIVEN = [(one,) for one in product((True, False), repeat=4)]


@pytest.mark.parametrize("given", some(1, GIVEN), ids=str)
async def test_an_event_that_names_nothing_of_ours_is_nobodys_however_little_it_names(
    given: tuple[bool, ...], company: Company, database: Database
) -> None:
    for _ in range(2):  # two accounts that Stripe does not know yet
        await company.customer()
    invoice, customer, payment, method = (
        name if is_given else None for name, is_given in zip(UNKNOWN, given, strict=True)
    )
    objects = StripeObjects(invoice=invoice, customer=customer, payment_intent=payment, payment_method=method)

    assert await PostgresStripeEventEffects(database).owner_of(objects) is None
