"""A mail that no server took for ten minutes is sent when one is back, as long as it is still news."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from billflow.domain.commands import EndNow
from billflow.models.contracts.customers import CustomerRecord, CustomerRef
from billflow.models.contracts.mail import MailRecord, NoticeAsk, Occasion
from billflow.payments.sandbox import DECLINING_CARD
from billflow.ports.collection import MailNotSent
from billflow.temporal.ids import mail_workflow_id
from billflow.wiring import mail_activities, privacy_of
from tests.databases import migrated_database
from tests.mailing.server import TAKEN, MailServer, mail_server
from tests.workflows.skipping import SkippingWorld, skipping_world

HOUR = timedelta(hours=1)


@pytest.fixture
async def refusing() -> AsyncIterator[MailServer]:
    """Yield a mail server that takes no letter yet."""
    async with mail_server("451 try again later") as server:
        yield server


@pytest.fixture
async def world(postgres_url: str, refusing: MailServer) -> AsyncIterator[SkippingWorld]:
    """Yield a world with that mail server."""
    async with skipping_world(await migrated_database(postgres_url), refusing.url) as world:
        yield world


async def refused_mail(world: SkippingWorld) -> tuple[CustomerRecord, MailRecord]:
    """Let a renewal be declined while the mail server takes nothing, and return what was to be told."""
    customer = await world.subscriber()
    plan = await world.plan(customer)
    await world.give_card(customer.customer_id, DECLINING_CARD)
    assert plan.due_at
    await world.leap_to(plan.due_at + HOUR)
    [mail] = await kept(world, customer)
    assert mail.sent_at is None
    return customer, mail


async def kept(world: SkippingWorld, customer: CustomerRecord) -> list[MailRecord]:
    """Return the customer's mails."""
    return list((await world.engine.postbox.mails(world.org_id, customer.customer_id)).rows)


async def over(world: SkippingWorld, mail: MailRecord) -> None:
    """Let hours pass, and wait until the late mail is done with."""
    await world.leap(12 * HOUR)
    await world.temporal.get_workflow_handle(mail_workflow_id(mail.key)).result()


async def test_a_mail_that_no_server_took_is_sent_once_when_one_is_back(
    world: SkippingWorld, refusing: MailServer
) -> None:
    customer, mail = await refused_mail(world)
    assert refusing.refused > 1

    refusing.answer = TAKEN
    await over(world, mail)

    assert [one.sent_at is not None for one in await kept(world, customer)] == [True]
    [letter] = refusing.taken
    assert f"To: {mail.recipient}" in letter


async def test_a_customer_who_paid_meanwhile_is_not_asked_to_pay_but_told_what_is_over(
    world: SkippingWorld, refusing: MailServer
) -> None:
    customer = await world.subscriber()
    await world.plan(customer)
    [invoice] = await world.invoices(customer)
    refusing.answer = TAKEN
    mails, now = mail_activities(world.engine), await world.now()

    for occasion in (Occasion.PAYMENT_FAILED, Occasion.SUSPENDED, Occasion.REACTIVATED):
        await mails.notify_late(
            NoticeAsk(org_id=world.org_id, invoice_id=invoice.invoice_id, occasion=occasion, at=now)
        )

    assert [(one.occasion, one.sent_at is not None) for one in await kept(world, customer)] == [
        (Occasion.REACTIVATED, True)
    ]
    assert len(refusing.taken) == 1


async def test_a_mail_that_is_late_is_forgotten_with_its_customer_and_not_sent(
    world: SkippingWorld, refusing: MailServer
) -> None:
    customer = await world.subscriber()
    plan = await world.plan(customer)
    [invoice] = await world.invoices(customer)
    mails, now = mail_activities(world.engine), await world.now()
    ask = NoticeAsk(org_id=world.org_id, invoice_id=invoice.invoice_id, occasion=Occasion.REACTIVATED, at=now)
    with pytest.raises(MailNotSent):
        await mails.notify_late(ask)

    await world.command(plan, EndNow())
    await privacy_of(world.engine).erase(
        CustomerRef(org_id=world.org_id, customer_id=customer.customer_id), await world.change()
    )
    refusing.answer = TAKEN
    await mails.notify_late(ask)

    assert refusing.taken == []
    [mail] = await kept(world, customer)
    assert (mail.subject, mail.body, mail.sent_at) == ("[erased]", "[erased]", None)
    assert customer.email not in mail.recipient
