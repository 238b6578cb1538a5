"""What activities need of refunds, credit notes and closed invoices as rows.

Activities name this protocol and never the class behind it: workflows import activities, and must not reach SQLAlchemy.
"""

from datetime import datetime
from typing import Protocol

from billflow.errors import Unavailable
from billflow.models.contracts.adjustments import AdjustmentRef, AdjustmentResult, AdjustmentToSend, VoidInput
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.mail import Mail, MailRecord, NotificationFacts, NotificationInput
from billflow.models.contracts.records import Page, Paging


class AdjustmentRepository(Protocol):
    """What is taken back of invoices; every method is one transaction and safe to repeat."""

    async def close(self, ask: VoidInput) -> InvoiceStatus:
        """Void an open invoice or give it up, and return how it stands; raises `Refused` or `NotFound`."""
        ...

    async def to_send(self, ref: AdjustmentRef) -> AdjustmentToSend:
        """Return all that the gateway needs of a credit note or refund."""
        ...

    async def record_result(self, ref: AdjustmentRef, result: AdjustmentResult, at: datetime) -> None:
        """Remember what Stripe said of it."""
        ...


class Mailer(Protocol):
    """A way to send mail."""

    async def send(self, key: str, mail: Mail) -> None:
        """Send one letter; *key* names it, so that receivers can tell a second copy. Raises `MailNotSent`."""
        ...


class MailLog(Protocol):
    """The mails that were written; every method is one transaction and safe to repeat."""

    async def notice_facts(self, ask: NotificationInput) -> NotificationFacts:
        """Return what there is to say about an invoice, or several together; raises `NotFound`."""
        ...

    async def keep(self, ask: NotificationInput, facts: NotificationFacts, mail: Mail) -> MailRecord:
        """Keep a letter under the key of *ask*; one that is kept already stays as it was written."""
        ...

    async def mark_sent(self, org_id: str, mail_id: str, at: datetime) -> None:
        """Remember that a mail was handed to the mail server."""
        ...

    async def mails(self, org_id: str, customer_id: str | None = None, paging: Paging = ...) -> Page[MailRecord]:
        """Return one part of the mails, the newest first."""
        ...

    async def mail(self, org_id: str, mail_id: str) -> MailRecord:
        """Return one mail; raises `NotFound`."""
        ...


class MailNotSent(Unavailable):
    """The mail server can't be reached, or does not take a mail.

    Wait, since mails are tried again for three days; check `BILLFLOW_SMTP_URL` where it goes on.
    """

    code = "mail_not_sent"
