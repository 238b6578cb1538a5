"""Suspending a customer and letting it back in, its card, and the mails that it did not get."""

from datetime import UTC, datetime

from pydantic import Field

from billflow.console.actions import Preview, preview_of
from billflow.console.customer_subjects import CustomerSubject
from billflow.console.pages import amount, counted, day, words
from billflow.domain.errors import NotFound, Refused
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.customers import ChangeContext, CustomerStatus
from billflow.models.contracts.keys import NamespacedKey
from billflow.models.contracts.mail import MailRecord
from billflow.models.contracts.portal import PortalLinkMail
from billflow.models.contracts.records import Paging, PlanFilter


class SuspensionForm(RequestModel):
    """Nothing has to be said but why."""


class CardLinkForm(RequestModel):
    """Nothing has to be said but why."""


class PortalLinkForm(PortalLinkMail):
    """How long the link opens the portal."""


class MailForm(RequestModel):
    """Which mail to send again."""

    mail_id: str = Field(max_length=100)


async def preview_suspension(subject: CustomerSubject, _: SuspensionForm) -> Preview:
    """Say what stops; raises `Refused` for a customer that is not active."""
    _check_status(subject, CustomerStatus.ACTIVE)
    effects = ["Nothing is charged from now on, and nothing may be changed.", "Its data is kept."]
    return preview_of([f"{subject.customer.name} is suspended.", *effects, *await _plans(subject, "stands still")])


async def preview_activation(subject: CustomerSubject, _: SuspensionForm) -> Preview:
    """Say what goes on; raises `Refused` for a customer that is active."""
    if subject.customer.status is CustomerStatus.ACTIVE:
        raise Refused(f"{subject.customer.name} is active already.", code="no_change")
    sentences = [f"{subject.customer.name} is active again; nobody pays for suspended time."]
    return preview_of([*sentences, *await _plans(subject, "is billed again")])


async def suspend(subject: CustomerSubject, _: SuspensionForm, change: ChangeContext, __: NamespacedKey) -> None:
    """Suspend the customer; again, it stays so."""
    await subject.services.customers.suspend(subject.ref, change)


async def activate(subject: CustomerSubject, _: SuspensionForm, change: ChangeContext, __: NamespacedKey) -> None:
    """Let the customer back in; again, it stays so."""
    await subject.services.customers.activate(subject.ref, change)


async def preview_card_link(subject: CustomerSubject, _: CardLinkForm) -> Preview:
    """Say what the card will pay."""
    held = await subject.services.queries.reports.balances(subject.ref)
    owed = " and ".join(amount(one.amount, one.currency) for one in held.open_balance)
    paid = f"The card pays {owed} at once." if owed else "Nothing is to be paid now; the card pays what comes."
    return preview_of([f"Stripe makes a page for {subject.customer.email}, which you hand on.", paid])


async def card_link(subject: CustomerSubject, _: CardLinkForm, __: ChangeContext, key: NamespacedKey) -> str:
    """Return the address of the page, the same one for the same key."""
    ref = subject.ref
    return await subject.services.invoices.card_link(ref.org_id, ref.customer_id, subject.console.return_url, key)


async def preview_portal_link(subject: CustomerSubject, asked: PortalLinkForm) -> Preview:
    """Show the mail as it would be sent; raises `Refused` without a mail server."""
    _check_mail_server(subject)
    mail = await subject.services.portal.preview_link(subject.ref, days=asked.expires_in_days)
    opens = f"Its link opens the portal once, within {counted(asked.expires_in_days, 'day')} of being sent."
    goes = f"A mail goes to {mail.recipient}: “{mail.subject}”."
    return preview_of([goes, opens, "Whoever opens it acts for the customer."], letter=mail.body)


async def mail_portal_link(
    subject: CustomerSubject, asked: PortalLinkForm, _: ChangeContext, key: NamespacedKey
) -> None:
    """Mail the link, once for each key."""
    _check_mail_server(subject)
    await subject.services.portal.mail_link(subject.ref, key, days=asked.expires_in_days)


async def preview_mail(subject: CustomerSubject, asked: MailForm) -> Preview:
    """Say what goes where; raises `NotFound` for another customer's mail, `Refused` without a mail server."""
    mail = await _mail(subject, asked)
    went = f"It was sent on {day(mail.sent_at)}" if mail.sent_at else "It was not sent"
    sentences = [
        f"“{mail.subject}” ({words(mail.occasion)}) goes to {_recipient(subject)}.",
        f"{went}, to {mail.recipient}.",
    ]
    return preview_of(sentences)


async def resend_mail(subject: CustomerSubject, asked: MailForm, _: ChangeContext, key: NamespacedKey) -> None:
    """Send the mail as it was written; raises `MailNotSent`."""
    mail, mailer = await _mail(subject, asked), subject.console.mailer
    if mailer is not None:
        await mailer.send(key, mail.model_copy(update={"recipient": _recipient(subject)}))
        await subject.services.repositories.mails.mark_sent(mail.org_id, mail.mail_id, datetime.now(UTC))


async def _mail(subject: CustomerSubject, asked: MailForm) -> MailRecord:
    mail = await subject.services.repositories.mails.get(subject.ref.org_id, asked.mail_id)
    if mail.customer_id != subject.ref.customer_id:
        raise NotFound(f"There is no mail {asked.mail_id!r} to this customer.")
    _check_mail_server(subject)
    return mail


def _check_mail_server(subject: CustomerSubject) -> None:
    if subject.console.mailer is None:
        raise Refused("There is no mail server here; an operator is to set BILLFLOW_SMTP_URL.", code="no_mail_server")


def _recipient(subject: CustomerSubject) -> str:
    return subject.customer.billing_account.invoice_email or subject.customer.email


def _check_status(subject: CustomerSubject, needed: CustomerStatus) -> None:
    status = subject.customer.status
    if status is not needed:
        raise Refused(f"{subject.customer.name} is {words(status)} already.", code="no_change")


async def _plans(subject: CustomerSubject, what: str) -> list[str]:
    wanted = PlanFilter(customer_id=subject.ref.customer_id)
    plans = (await subject.services.queries.plans.search(subject.ref.org_id, wanted, Paging())).rows
    return [f"{plan.tier_name} of {counted(plan.licenses, 'license')} {what}." for plan in plans if plan.runs]
