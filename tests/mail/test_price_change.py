"""Another price is told each customer whom it reaches by mail: once, in its language, and when a server takes it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus

from billflow.domain.errors import Refused
from billflow.domain.plan import Schedule
from billflow.mail.templates import price_change_mail
from billflow.models.contracts.catalog import CatalogDocument
from billflow.models.contracts.catalog_changes import PriceChangeCreate
from billflow.models.contracts.customers import CustomerUpdate
from billflow.models.contracts.mail import Occasion, PriceChangeFacts
from tests.mail.server import ACCEPTED, MailServer
from tests.workflows.skipping import SkippingEnvironment
from tests.workflows.test_failing_steps import is_marked

FACTS = PriceChangeFacts(
    customer_id="c",
    recipient="kim@example.com",
    name="Muster GmbH",
    language="de-CH",
    tier_name="Team",
    currency="EUR",
    price_before=900,
    price_after=1000,
    takes_effect_at=None,
)


async def dearer(env: SkippingEnvironment) -> PriceChangeCreate:
    """Let the tier of the tests cost more by the month, and return the change to announce."""
    _, sold = await env.engine.repositories.catalogs.version(env.org_id)
    tier = sold.tier["cloud_standard"]
    prices = {**tier.prices, "USD": {**tier.prices["USD"], Schedule.MONTHLY: 900}}
    new = CatalogDocument(tier={**sold.tier, "cloud_standard": replace(tier, prices=prices)})
    await env.engine.repositories.catalogs.apply(env.org_id, new, await env.change())
    return PriceChangeCreate(tier="cloud_standard", starts_at=await env.now() + timedelta(days=3), notice_days=7)


@pytest.mark.full
async def test_the_mail_waits_for_a_server_and_is_sent_once(env: SkippingEnvironment, refusing: MailServer) -> None:
    customer = await env.subscriber()
    await env.engine.repositories.customers.update(
        customer.ref, CustomerUpdate(default_language="fr-FR"), await env.change()
    )
    plan = await env.plan(customer)
    record, _ = await env.engine.pricing.announce(env.org_id, await dearer(env), await env.change())
    [mail] = (await env.engine.repositories.mails.list(env.org_id, customer.customer_id)).rows
    assert (mail.occasion, mail.language, mail.sent_at) == (Occasion.PRICE_CHANGE, "fr", None)
    assert mail.subject == "Le prix de Cloud Standard change"

    refusing.answer = ACCEPTED
    await env.temporal.get_workflow_handle(f"price-change/{record.price_change_id}").result()

    [sent] = (await env.engine.repositories.mails.list(env.org_id, customer.customer_id)).rows
    assert sent.sent_at is not None
    assert len(refusing.accepted) == 1
    assert plan.due_at is not None


@pytest.mark.full
async def test_mails_that_no_server_takes_are_shown_while_they_are_tried(env: SkippingEnvironment) -> None:
    await env.plan(await env.subscriber())
    record, _ = await env.engine.pricing.announce(env.org_id, await dearer(env), await env.change())
    workflow = env.temporal.get_workflow_handle(f"price-change/{record.price_change_id}")

    async def is_shown() -> bool:
        return await is_marked(workflow)

    await env.leap_until(is_shown, timedelta(hours=1))

    assert (await workflow.describe()).status is WorkflowExecutionStatus.RUNNING
    await workflow.terminate()


async def test_a_change_that_reaches_nobody_writes_no_mail(env: SkippingEnvironment, refusing: MailServer) -> None:
    with pytest.raises(Refused, match="Every plan of the tier has the price that is listed"):
        await env.engine.pricing.announce(env.org_id, await dearer(env), await env.change())

    assert refusing.accepted == []


@pytest.mark.parametrize("language", ["en", "de", "fr", "it"])
def test_every_language_has_the_whole_of_it(language: str) -> None:
    facts = FACTS.model_copy(update={"language": language, "takes_effect_at": datetime(2027, 3, 15, tzinfo=UTC)})
    mail = price_change_mail(facts)

    assert (mail.language, "2027" in mail.body, "Team" in mail.subject) == (language, True, True)
    assert not {"{", "["} & set(mail.subject + mail.body)


def test_the_mail_names_both_prices_and_the_renewal_where_there_is_one() -> None:
    ending = price_change_mail(FACTS)
    renewing = price_change_mail(FACTS.model_copy(update={"takes_effect_at": datetime(2027, 3, 15, tzinfo=UTC)}))

    assert ending.subject == "Der Preis von Team ändert sich"
    assert "kostet künftig EUR\xa010.00 je Laufzeit statt EUR\xa09.00" in ending.body
    assert "Verlängerung" not in ending.body
    assert "Verlängerung am 15. März 2027" in renewing.body
    assert ending.language == renewing.language == "de"
