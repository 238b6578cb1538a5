"""Mail to customers. Each is stored first, once per invoice and occasion, and sent where a mail server is known."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio import activity

from billflow.models.contracts.catalog_changes import PriceChangeRef
from billflow.models.contracts.mail import Mail, MailRef, NotificationFacts, NotificationInput, PlanNotification
from billflow.ports.mail import Mailer, MailRepository, PriceChangeMails

Write = Callable[[NotificationInput | PlanNotification, NotificationFacts], Mail]
"""Writes a notification in the customer's language."""


@dataclass(frozen=True)
class MailActivities:
    """Mail from the mail log to the mail server; without a `mailer` it is stored, not sent."""

    mails: MailRepository
    write: Write
    mailer: Mailer | None = None
    price_changes: PriceChangeMails | None = None

    @activity.defn
    async def send_price_change(self, change: PriceChangeRef) -> None:
        """Send the mails of a price change that are not sent yet, where a mail server is known."""
        while self.mailer and self.price_changes:
            mails = await self.price_changes.unsent(change.org_id, change.price_change_id)
            for mail in mails:
                await self.mailer.send(f"{mail.org_id}/{mail.key}", mail)
                await self.mails.mark_sent(change.org_id, mail.mail_id, datetime.now(UTC))
                activity.heartbeat()
            if not mails:
                return

    @activity.defn
    async def send_stored(self, ref: MailRef) -> None:
        """Send a mail as it is stored, once, where a mail server is known."""
        mail = await self.mails.get(ref.org_id, ref.mail_id)
        if self.mailer is not None and mail.sent_at is None:
            await self.mailer.send(f"{mail.org_id}/{mail.key}", mail)
            await self.mails.mark_sent(mail.org_id, mail.mail_id, datetime.now(UTC))

    @activity.defn
    async def notify(self, notification: NotificationInput) -> str:
        """Tell the customer about an invoice, once, and return the mail's id."""
        facts = await self.mails.notification_facts(notification)
        mail = await self.mails.store(notification, facts, self.write(notification, facts))
        if self.mailer is not None and mail.sent_at is None:
            await self.mailer.send(f"{mail.org_id}/{mail.key}", mail)
            await self.mails.mark_sent(notification.org_id, mail.mail_id, datetime.now(UTC))
        return mail.mail_id

    @activity.defn
    async def notify_late(self, notification: NotificationInput) -> None:
        """Tell the customer what still holds, unless it was erased: nobody is asked for what was paid meanwhile."""
        facts = await self.mails.notification_facts(notification)
        if not facts.is_erased and (notification.occasion.outlives_the_debt or not facts.is_closed):
            await self.notify(notification)
