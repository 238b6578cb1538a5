"""Links into the portal in mails: each is made as its mail is sent, so that it is stored nowhere (decision 0279)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from billflow.mail.templates import PORTAL_LINK
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.mail import Mail, MailRecord, Occasion
from billflow.models.contracts.portal import LONGEST_LIFETIME, USUAL_LIFETIME, PortalLinkCreate
from billflow.ports.mail import Mailer, PortalLinkMaker


@dataclass(frozen=True)
class LinkingMailer(Mailer):
    """Sends mails by another `mailer`, with a new link below `portal_url` where one stands for it."""

    mailer: Mailer
    links: PortalLinkMaker
    portal_url: str

    async def send(self, key: str, mail: Mail) -> None:
        if isinstance(mail, MailRecord) and PORTAL_LINK in mail.body:
            body = mail.body.replace(PORTAL_LINK, await self._link(mail))
            mail = Mail(language=mail.language, recipient=mail.recipient, subject=mail.subject, body=body)
        await self.mailer.send(key, mail)

    async def _link(self, mail: MailRecord) -> str:
        ref = CustomerRef(org_id=mail.org_id, customer_id=mail.customer_id)
        now = datetime.now(UTC)
        usual = USUAL_LIFETIME if mail.occasion is Occasion.PORTAL_LINK else LONGEST_LIFETIME
        lasts = timedelta(days=mail.link_days) if mail.link_days else usual
        change = ChangeContext(actor=f"mail:{mail.mail_id}", at=now)
        made = await self.links.create(ref, PortalLinkCreate(expires_at=now + lasts), change)
        return f"{self.portal_url}/open?token={made.token.get_secret_value()}"
