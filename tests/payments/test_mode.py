"""Live and test money never meet: keys, organizations, clocks and events are of one mode."""

from datetime import UTC, datetime

import pytest

from billflow.domain.errors import Refused
from billflow.payments.adjustments import StripeAdjustmentGateway
from billflow.payments.gateway import StripeGateway
from billflow.payments.mode import check_base, check_mode
from billflow.payments.sandbox import Sandbox
from billflow.ports.payments import PaymentsRejected
from billflow.settings import SettingsError
from billflow.store.access.organizations import PostgresOrganizationRepository
from billflow.store.plans.test_clocks import PostgresTestClockRepository
from billflow.store.session.database import Database
from tests.databases import migrated_database
from tests.payments.inputs import a_customer, an_invoice
from tests.payments.test_adjustments import a_refund

LIVE_KEY = "sk_live_not_a_real_one"


def test_a_test_key_touches_nothing_of_a_live_organization(gateway: StripeGateway) -> None:
    live = a_customer().model_copy(update={"livemode": True})

    with pytest.raises(PaymentsRejected, match="is a test key, but the organization is in live mode") as refused:
        check_mode(live, livemode=gateway.livemode)

    assert refused.value.code == "wrong_mode"


async def test_every_way_to_stripe_is_guarded(gateway: StripeGateway) -> None:
    live = a_customer().model_copy(update={"livemode": True, "stripe_customer_id": "cus_live"})
    invoice = an_invoice(live, 100).model_copy(update={"stripe_invoice_id": "in_live"})
    adjustments = StripeAdjustmentGateway(gateway.client)

    for asked in (
        lambda: gateway.ensure_customer(live),
        lambda: gateway.issue(invoice),
        lambda: gateway.collect(invoice, 1),
        lambda: gateway.void(invoice),
        lambda: adjustments.create(a_refund(invoice, 1)),
        lambda: adjustments.mark_uncollectible(invoice),
    ):
        with pytest.raises(PaymentsRejected, match="live mode"):
            await asked()


async def test_an_organization_is_live_or_not_for_good_and_only_test_ones_have_clocks(postgres_url: str) -> None:
    database = Database(await migrated_database(postgres_url, "mode"))
    testing, live = PostgresOrganizationRepository(database), PostgresOrganizationRepository(database, livemode=True)
    org_id = await live.ensure("real")

    assert await live.ensure("real") == org_id
    with pytest.raises(Refused, match="in live mode, but STRIPE_API_KEY is a test key"):
        await testing.ensure("real")
    await testing.ensure("sandbox")
    with pytest.raises(Refused, match="in test mode, but STRIPE_API_KEY is a live key"):
        await live.ensure("sandbox")
    with pytest.raises(Refused, match="no test clocks"):
        await PostgresTestClockRepository(database, livemode=True).create(org_id, datetime.now(UTC))
    await database.close()


async def test_a_live_key_goes_to_stripe_only_and_takes_no_test_cards(gateway: StripeGateway) -> None:
    with pytest.raises(SettingsError, match="live key"):
        check_base(LIVE_KEY, "http://127.0.0.1:12111")
    sandbox = Sandbox(gateway.client, LIVE_KEY)
    for attempt in (sandbox.give_card("cus_1"), sandbox.take_card("cus_1")):
        with pytest.raises(SettingsError, match="test cards need"):
            await attempt
