"""What activities need of mail: the rows of the mail log, and a mail server."""

from datetime import datetime
from typing import Protocol

from billflow.errors import Unavailable
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.mail import Mail, MailRecord, NotificationFacts, NotificationInput, PlanNotification
from billflow.models.contracts.portal import CreatedPortalLink, PortalLinkCreate


class Mailer(Protocol):
    """A way to send mail."""

    async def send(self, key: str, mail: Mail) -> None:
        """Send one mail; *key* names it, so that receivers can tell a second copy. Raises `MailNotSent`."""


class MailRepository(Protocol):
    """The log of the mails that were written; every method is one transaction and safe to repeat."""

    async def notification_facts(self, notification: NotificationInput) -> NotificationFacts:
        """Return what there is to say about an invoice, or several together; raises `NotFound`."""

    async def store(
        self, notification: NotificationInput | PlanNotification, facts: NotificationFacts, mail: Mail
    ) -> MailRecord:
        """Store a mail under the key of *notification*, once, and return it as it was stored first."""

    async def get(self, org_id: str, mail_id: str) -> MailRecord:
        """Return one mail; raises `NotFound`."""

    async def mark_sent(self, org_id: str, mail_id: str, at: datetime) -> None:
        """Mark a mail as handed to the mail server."""


class PortalLinkMaker(Protocol):
    """What makes links into the portal."""

    async def create(self, ref: CustomerRef, new: PortalLinkCreate, change: ChangeContext) -> CreatedPortalLink:
        """Make a link that opens the portal of one customer, once; raises `NotFound` or `Refused`."""


class PriceChangeMails(Protocol):
    """The mails about price changes, which were written with them."""

    async def unsent(self, org_id: str, price_change_id: str) -> tuple[MailRecord, ...]:
        """Return mails that no mail server took yet, some at a time; raises `NotFound` before the change is written."""


class MailNotSent(Unavailable):
    """The mail server can't be reached, or does not take a mail.

    Wait, since mails are tried again for three days; check `BILLFLOW_SMTP_URL` where it goes on.
    """

    code = "mail_not_sent"
