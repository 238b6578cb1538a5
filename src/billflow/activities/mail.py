"""Writing to customers. A mail is kept first, once per debt and occasion, and sent where a mail server is known."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio import activity

from billflow.models.contracts.mail import Letter, NoticeAsk, NoticeFacts
from billflow.ports.collection import Mailer, Postbox

Write = Callable[[NoticeAsk, NoticeFacts], Letter]
"""Puts a notice into the customer's words."""


@dataclass(frozen=True)
class MailActivities:
    """Letters from the postbox to the mail server; without a `mailer` they are only kept."""

    postbox: Postbox
    write: Write
    mailer: Mailer | None = None

    @activity.defn
    async def notify(self, ask: NoticeAsk) -> str:
        """Tell the customer about an invoice, once, and return the mail's id."""
        facts = await self.postbox.notice_facts(ask)
        mail = await self.postbox.keep(ask, facts, self.write(ask, facts))
        if self.mailer is not None and mail.sent_at is None:
            await self.mailer.send(f"{mail.org_id}/{mail.key}", mail)
            await self.postbox.mark_sent(ask.org_id, mail.mail_id, datetime.now(UTC))
        return mail.mail_id

    @activity.defn
    async def notify_late(self, ask: NoticeAsk) -> None:
        """Tell the customer what is still news, unless it was erased: nobody is asked for what was paid meanwhile."""
        facts = await self.postbox.notice_facts(ask)
        if not facts.is_erased and (ask.occasion.outlives_the_debt or not facts.is_settled):
            await self.notify(ask)
