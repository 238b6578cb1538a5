"""A mail that no server took for ten minutes is sent when one is back, as long as it is still news."""

from datetime import timedelta

import pytest

from billflow.domain.commands import EndNow
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.mail import MailRecord, NotificationInput, Occasion
from billflow.payments.sandbox import DECLINING_CARD
from billflow.ports.mail import MailNotSent
from billflow.wiring.workers import mail_activities
from tests.mail.server import ACCEPTED, MailServer
from tests.workflows.skipping import SkippingEnvironment

HOUR = timedelta(hours=1)


async def refused_mail(env: SkippingEnvironment) -> tuple[CustomerRecord, MailRecord]:
    """Let a renewal be declined while the mail server takes nothing, and return what was to be told."""
    customer = await env.subscriber()
    plan = await env.plan(customer)
    await env.give_card(customer.customer_id, DECLINING_CARD)
    assert plan.due_at
    await env.leap_to(plan.due_at + HOUR)
    [mail] = await kept(env, customer)
    assert mail.sent_at is None
    return customer, mail


async def kept(env: SkippingEnvironment, customer: CustomerRecord) -> list[MailRecord]:
    """Return the customer's mails."""
    return list((await env.engine.repositories.mails.list(env.org_id, customer.customer_id)).rows)


async def over(env: SkippingEnvironment, mail: MailRecord) -> None:
    """Let hours pass, and wait until the late mail is done with."""
    await env.leap(12 * HOUR)
    await env.temporal.get_workflow_handle(f"mail/{mail.key}").result()


async def test_a_mail_that_no_server_took_is_sent_once_when_one_is_back(
    env: SkippingEnvironment, refusing: MailServer
) -> None:
    customer, mail = await refused_mail(env)
    assert refusing.refused > 1

    refusing.answer = ACCEPTED
    await over(env, mail)

    assert [one.sent_at is not None for one in await kept(env, customer)] == [True]
    [received] = refusing.accepted
    assert f"To: {mail.recipient}" in received


@pytest.mark.full
async def test_a_customer_who_paid_meanwhile_is_not_asked_to_pay_but_told_what_is_over(
    env: SkippingEnvironment, refusing: MailServer
) -> None:
    customer = await env.subscriber()
    await env.plan(customer)
    [invoice] = await env.invoices(customer)
    refusing.answer = ACCEPTED
    mails, now = mail_activities(env.engine), await env.now()

    for occasion in (Occasion.PAYMENT_FAILED, Occasion.SUSPENDED, Occasion.REACTIVATED):
        await mails.notify_late(
            NotificationInput(org_id=env.org_id, invoice_id=invoice.invoice_id, occasion=occasion, at=now)
        )

    assert [(one.occasion, one.sent_at is not None) for one in await kept(env, customer)] == [
        (Occasion.REACTIVATED, True)
    ]
    assert len(refusing.accepted) == 1


@pytest.mark.full
async def test_a_mail_that_is_late_is_forgotten_with_its_customer_and_not_sent(
    env: SkippingEnvironment, refusing: MailServer
) -> None:
    customer = await env.subscriber()
    plan = await env.plan(customer)
    [invoice] = await env.invoices(customer)
    mails, now = mail_activities(env.engine), await env.now()
    ask = NotificationInput(org_id=env.org_id, invoice_id=invoice.invoice_id, occasion=Occasion.REACTIVATED, at=now)
    with pytest.raises(MailNotSent):
        await mails.notify_late(ask)

    await env.command(plan, EndNow())
    await env.engine.privacy.erase(customer.ref, await env.change())
    refusing.answer = ACCEPTED
    await mails.notify_late(ask)

    assert refusing.accepted == []
    [mail] = await kept(env, customer)
    assert (mail.subject, mail.body, mail.sent_at) == ("[erased]", "[erased]", None)
    assert customer.email not in mail.recipient
