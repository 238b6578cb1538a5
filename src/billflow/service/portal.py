"""Links into the portal by mail: asked for by whoever has a customer's address, or sent by our user."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from billflow.mail.templates import portal_link_mail
from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.mail import Mail, MailRecord, MailRef, PortalLinkFacts
from billflow.models.contracts.portal import USUAL_LIFETIME
from billflow.service.plans import PlanService
from billflow.store.session.repositories import Queries, Repositories
from billflow.temporal.workflow_starts import stored_mail_workflow

ONCE_IN = timedelta(minutes=15)
"""How often at most a customer is sent a link because somebody asks for one who may be anybody."""


@dataclass(frozen=True)
class PortalService:
    """Mails with links into the portal; the link itself is made as its mail is sent."""

    plans: PlanService
    repositories: Repositories
    queries: Queries

    async def mail_link(
        self, ref: CustomerRef, key: str, recipient: str | None = None, days: int | None = None
    ) -> MailRecord:
        """Write a link to a customer, once for each *key*, and let it be sent; raises `NotFound`.

        The *recipient* is the address that invoices go to, where none is named; it opens for so many *days*.
        """
        mail, key = await self.preview_link(ref, recipient, days), f"portal-link/{ref.customer_id}/{key}"
        stored = await self.repositories.mails.store_portal_link(ref, key, mail, datetime.now(UTC), days)
        if stored.sent_at is None:
            mail_ref = MailRef(org_id=ref.org_id, mail_id=stored.mail_id)
            await self.plans.control.start(stored_mail_workflow(mail_ref, ref.customer_id))
        return stored

    async def preview_link(self, ref: CustomerRef, recipient: str | None = None, days: int | None = None) -> Mail:
        """Return the mail with a link as a customer would get it, a text in the link's place; raises `NotFound`."""
        customer = await self.queries.customers.get(ref.org_id, ref.customer_id)
        facts = PortalLinkFacts(
            recipient=recipient or customer.billing_account.invoice_email or customer.email,
            name=customer.name,
            language=customer.default_language,
            seller=(await self.repositories.sellers.printed(ref.org_id, None, is_issued=False)).name,
            days=days or USUAL_LIFETIME.days,
        )
        return portal_link_mail(facts)

    async def request_link(self, org_id: str, email: str, at: datetime) -> None:
        """Write a link to each customer whose address it is, not twice within `ONCE_IN`."""
        turn = int(at.timestamp() // ONCE_IN.total_seconds())
        for ref, address in await self.repositories.portal_links.addressees(org_id, email):
            await self.mail_link(ref, f"requested/{turn}", address)
