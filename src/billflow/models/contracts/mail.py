"""Mail to customers: what there is to tell, and the mail it becomes."""

from enum import StrEnum

from billflow.models.contracts.base import Contract, Moment
from billflow.models.contracts.invoices import InvoiceRef
from billflow.models.contracts.steps import PlanRef


class Occasion(StrEnum):
    """Why a customer is written to: about an invoice, the price of its plan, or ahead of what that will do."""

    PAYMENT_FAILED = "payment_failed"
    ACTION_REQUIRED = "action_required"
    REMINDER_BEFORE = "reminder_before"
    REMINDER_DUE = "reminder_due"
    REMINDER_AFTER = "reminder_after"
    SUSPENDED = "suspended"
    REACTIVATED = "reactivated"
    PLAN_ENDED = "plan_ended"
    WRITTEN_OFF = "written_off"
    BACKFILL = "backfill"
    PRICE_CHANGE = "price_change"
    TRIAL_WILL_END = "trial_will_end"
    INVOICE_UPCOMING = "invoice_upcoming"
    PLAN_WILL_RENEW = "plan_will_renew"
    PORTAL_LINK = "portal_link"

    @property
    def outlives_the_debt(self) -> bool:
        """Tell whether it holds even when the invoice is not open by now."""
        return self in (Occasion.REACTIVATED, Occasion.PLAN_ENDED, Occasion.WRITTEN_OFF, Occasion.BACKFILL)

    @property
    def is_reminder(self) -> bool:
        """Tell whether it reminds of an invoice that was sent."""
        return self in (Occasion.REMINDER_BEFORE, Occasion.REMINDER_DUE, Occasion.REMINDER_AFTER)


class NotificationInput(InvoiceRef):
    """Tell the customer about an invoice; `number` tells occasions of one kind apart.

    `together` names all invoices that one mail tells of, in their order, where it tells of several.
    """

    occasion: Occasion
    number: int = 1
    at: Moment
    next_at: Moment | None = None
    together: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Return what names the debt and the occasion: the customer is told once."""
        return f"invoice/{self.invoice_id}/{self.occasion}/{self.number}"


class PlanNotification(PlanRef):
    """Tell the customer ahead of what its plan will do at `due_at`."""

    occasion: Occasion
    due_at: Moment
    at: Moment
    next_at: None = None

    @property
    def key(self) -> str:
        """Return what names the plan and the occasion: the customer is told once."""
        return f"plan/{self.plan_id}/{self.occasion}/{self.due_at.isoformat()}"


class MailRef(Contract):
    """Names a mail that is written and stored."""

    org_id: str
    mail_id: str


class ListedInvoice(Contract):
    """One of several invoices that a mail tells of; `total` in minor units of the mail's currency."""

    invoice_name: str
    issued_at: Moment
    total: int


class NotificationFacts(Contract):
    """What a mail about an invoice says; amounts in minor units of `currency`.

    `listed` are the invoices that it tells of together, `tier` what the plan is called where it tells ahead.
    With `plus_tax` the amount is net, and Stripe will add the tax. With `portal_link` it has a link into the portal.
    """

    customer_id: str
    recipient: str
    name: str
    language: str
    invoice_name: str
    open_amount: int
    currency: str
    due_at: Moment
    hosted_invoice_url: str | None
    is_closed: bool
    is_erased: bool = False
    listed: tuple[ListedInvoice, ...] = ()
    tier: str = ""
    plus_tax: bool = False
    portal_link: bool = False


class PriceChangeFacts(Contract):
    """What a mail about another price says; prices per license and cycle, in minor units of `currency`.

    `takes_effect_at` is the renewal that has the price, None where the plan would not renew.
    """

    customer_id: str
    recipient: str
    name: str
    language: str
    tier_name: str
    currency: str
    price_before: int
    price_after: int
    takes_effect_at: Moment | None


class PortalLinkFacts(Contract):
    """Whom a link into the portal of `seller` is mailed to, and for how many days it opens."""

    recipient: str
    name: str
    language: str
    seller: str
    days: int = 1


class Mail(Contract):
    """A mail in the customer's words, ready to be sent."""

    language: str
    recipient: str
    subject: str
    body: str


class LoggedMail(Contract):
    """That a mail was written, without its text; `created_at` is real time, `at` that of its plan."""

    mail_id: str
    invoice_id: str | None
    occasion: Occasion
    subject: str
    at: Moment
    created_at: Moment
    sent_at: Moment | None


class MailRecord(Mail):
    """A mail as it was written; `sent_at` is None where it is stored and not sent.

    A mail with nothing but a link has `link_days`: how many days the link opens for, from when it is sent.
    """

    org_id: str
    mail_id: str
    key: str
    customer_id: str
    invoice_id: str | None
    occasion: Occasion
    at: Moment
    sent_at: Moment | None
    link_days: int | None = None
