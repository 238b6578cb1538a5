"""Telling ahead in real time: what is to be told of any plan, and the mails of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio import activity

from billflow.activities.mail import Write
from billflow.ports.mail import Mailer, MailNotSent, MailRepository
from billflow.ports.notices import NoticeRepository
from billflow.ports.reconciliation import OrganizationLister

SHARDS = 16


@dataclass(frozen=True)
class NoticeActivities:
    """What is told ahead, of all organizations; without a `mailer` mails are stored, not sent."""

    notices: NoticeRepository
    mails: MailRepository
    organizations: OrganizationLister
    write: Write
    mailer: Mailer | None = None

    @activity.defn
    async def notify_customers(self) -> None:
        """Tell whatever is to be told by now; what no mail server takes is tried at the next run."""
        async for org_id in self._organizations():
            await self.notices.notify(org_id, datetime.now(UTC))
            await self._mail(org_id)
            activity.heartbeat()

    async def _mail(self, org_id: str) -> None:
        while unmailed := await self.notices.unmailed(org_id):
            for notification, facts in unmailed:
                stored = await self.mails.store(notification, facts, self.write(notification, facts))
                if self.mailer is not None and stored.sent_at is None:
                    try:
                        await self.mailer.send(f"{org_id}/{stored.key}", stored)
                    except MailNotSent:
                        return
                    await self.mails.mark_sent(org_id, stored.mail_id, datetime.now(UTC))
                await self.notices.mark_mailed(notification, datetime.now(UTC))
            activity.heartbeat()

    async def _organizations(self) -> AsyncIterator[str]:
        for shard in range(SHARDS):
            after = None
            while org_ids := await self.organizations.organizations_page(shard, after):
                for after in org_ids:
                    yield after
