"""Writing to customers. A mail is kept first, once per debt and occasion, and sent where a mail server is known."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio import activity

from billflow.models.contracts.mail import Mail, NotificationFacts, NotificationInput
from billflow.ports.adjustments import Mailer, MailLog

Write = Callable[[NotificationInput, NotificationFacts], Mail]
"""Puts a notice into the customer's words."""


@dataclass(frozen=True)
class MailActivities:
    """Letters from the postbox to the mail server; without a `mailer` they are only kept."""

    mail_log: MailLog
    write: Write
    mailer: Mailer | None = None

    @activity.defn
    async def notify(self, ask: NotificationInput) -> str:
        """Tell the customer about an invoice, once, and return the mail's id."""
        facts = await self.mail_log.notice_facts(ask)
        mail = await self.mail_log.keep(ask, facts, self.write(ask, facts))
        if self.mailer is not None and mail.sent_at is None:
            await self.mailer.send(f"{mail.org_id}/{mail.key}", mail)
            await self.mail_log.mark_sent(ask.org_id, mail.mail_id, datetime.now(UTC))
        return mail.mail_id

    @activity.defn
    async def notify_late(self, ask: NotificationInput) -> None:
        """Tell the customer what is still news, unless it was erased: nobody is asked for what was paid meanwhile."""
        facts = await self.mail_log.notice_facts(ask)
        if not facts.is_erased and (ask.occasion.outlives_the_debt or not facts.is_closed):
            await self.notify(ask)
