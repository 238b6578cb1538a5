"""What is done for a customer beside its plans and invoices: each with a form, a preview and a confirmation."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from billflow.api.changes import CustomerHere, change_by
from billflow.api.routes.customer_finances import PricingUpdate
from billflow.console import customer_money, customer_terms, customer_upkeep
from billflow.console.actions import Action, Preview, Shown, key_in, reason_in, shown_action
from billflow.console.customer_subjects import CustomerSubject
from billflow.console.forms import FormTerms, fields_of, read_form
from billflow.console.operations import Values, check_seen, claim_of, hidden_after, once, seen_of
from billflow.console.pages import BASE
from billflow.console.security import ConsoleRoute, FormHere
from billflow.console.visits import SupportVisit, Visit
from billflow.domain.errors import BillingError, NotFound
from billflow.models.contracts.console import StatedReason
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.keys import NamespacedKey
from billflow.pages.confirmations import SEEN, WHY

router = APIRouter(route_class=ConsoleRoute)

Asked = Any


@dataclass(frozen=True)
class CustomerActionKind:
    """One thing to do for a customer: its form, what it would do, and how it is done.

    `do` returns an address to be handed on, or None. What is not `repeatable` is done at the first of equal
    confirmations alone. A form of `current` values is refused once these are others than those it was opened with.
    """

    title: str
    description: str
    kind: type[Any]
    preview: Callable[[CustomerSubject, Asked], Awaitable[Preview]]
    do: Callable[[CustomerSubject, Asked, ChangeContext, NamespacedKey], Awaitable[str | None]]
    repeatable: bool = False
    current: Callable[[CustomerSubject], Awaitable[Values]] | None = None


KINDS: Mapping[str, CustomerActionKind] = {
    "suspend": CustomerActionKind(
        "Suspend",
        "Nothing is charged from now on, the customer may change nothing, and its data is kept.",
        customer_upkeep.SuspensionForm,
        customer_upkeep.preview_suspension,
        customer_upkeep.suspend,
        repeatable=True,
    ),
    "activate": CustomerActionKind(
        "Activate",
        "Let a suspended customer back in: its billing goes on, and nobody pays for suspended time.",
        customer_upkeep.SuspensionForm,
        customer_upkeep.preview_activation,
        customer_upkeep.activate,
        repeatable=True,
    ),
    "card-link": CustomerActionKind(
        "Make a card link",
        "Make a page of Stripe's on which the customer enters a card, which then pays everything that is open.",
        customer_upkeep.CardLinkForm,
        customer_upkeep.preview_card_link,
        customer_upkeep.card_link,
        repeatable=True,
    ),
    "portal-link": CustomerActionKind(
        "Mail a portal link",
        "Mail a link by which the customer looks after its plan, invoices and billing details by itself.",
        customer_upkeep.PortalLinkForm,
        customer_upkeep.preview_portal_link,
        customer_upkeep.mail_portal_link,
        repeatable=True,
    ),
    "resend-mail": CustomerActionKind(
        "Send a mail again",
        "Send a mail to the address that the customer has now, as it was written.",
        customer_upkeep.MailForm,
        customer_upkeep.preview_mail,
        customer_upkeep.resend_mail,
    ),
    "offer": CustomerActionKind(
        "Make an offer",
        "A yearly fixed price, or prices per license for a month, a year or both; one offer for each tier.",
        customer_terms.OfferForm,
        customer_terms.preview_offer,
        customer_terms.make_offer,
    ),
    "withdraw-offer": CustomerActionKind(
        "Withdraw an offer",
        "Take an offer back; a purchase of it that is not paid yet ends, and its invoice is voided.",
        customer_terms.OfferToWithdraw,
        customer_terms.preview_withdrawal,
        customer_terms.withdraw_offer,
        repeatable=True,
    ),
    "attach-coupon": CustomerActionKind(
        "Give a coupon",
        "Give the customer a coupon, which discounts its cycles from the next one on.",
        customer_terms.CouponForm,
        customer_terms.preview_coupon,
        customer_terms.attach_coupon,
    ),
    "detach-coupon": CustomerActionKind(
        "Take a coupon back",
        "Let a coupon discount no further cycle; the running one keeps its discount.",
        customer_terms.CouponToDetach,
        customer_terms.preview_detachment,
        customer_terms.detach_coupon,
    ),
    "prices": CustomerActionKind(
        "Agree on prices",
        "What is agreed with the customer: a tier at prices per license, a discount over some months, the fewest "
        "licenses. A price of 0 is the list price; a field that is left empty goes back to how it was before.",
        PricingUpdate,
        customer_money.preview_pricing,
        customer_money.agree,
        repeatable=True,
        current=customer_money.current_pricing,
    ),
    "credit": CustomerActionKind(
        "Grant a credit",
        "Grant the customer an amount, which its next invoices use up.",
        customer_money.CreditForm,
        customer_money.preview_credit,
        customer_money.grant_credit,
        repeatable=True,
    ),
    "close": CustomerActionKind(
        "Close the account",
        "The customer may do nothing any more; what it was billed stays. Its plan has to have ended.",
        customer_money.DeactivationForm,
        customer_money.preview_deactivation,
        customer_money.deactivate,
        repeatable=True,
    ),
}
"""Everything that is done for a customer, by its name in addresses."""

OFFERED = ("suspend", "activate", "card-link", "portal-link", "offer", "attach-coupon", "prices", "credit", "close")
"""What is asked for about the customer as a whole; the rest is asked for beside what it is about."""


@dataclass(frozen=True)
class CustomerActionForm:
    """One of `KINDS` by its name, for one customer."""

    name: str
    subject: CustomerSubject
    terms: FormTerms

    @property
    def named(self) -> CustomerActionKind:
        """Return what the name stands for."""
        return KINDS[self.name]

    @property
    def action(self) -> Action:
        """Return it as it is titled."""
        customer = self.subject.customer
        return Action(
            title=self.named.title,
            description=self.named.description,
            address=f"{BASE}/customers/{customer.customer_id}/do/{self.name}",
            about=customer.name,
            back=f"{BASE}/customers/{customer.customer_id}",
        )

    async def current(self) -> Values:
        """Return the values that hold now, none where the form changes none."""
        return await self.named.current(self.subject) if self.named.current else {}

    def check_seen(self, sent: Values, now: Values) -> None:
        """Raise `PreconditionFailed` where these are not any more what the form was opened with."""
        check_seen(sent, now, fields_of(self.named.kind, now, self.terms))


@router.get("/customers/{customer_id}/do/{action}")
async def show_customer_action(visit: SupportVisit, customer: CustomerHere, action: str) -> Response:
    """Show the form of an action; once it is filled in, what it would do."""
    form, asked = await _form(visit, customer, action), visit.query
    now = await form.current()
    fields, hidden = fields_of(form.named.kind, asked or now, form.terms), seen_of(now)
    if fields and not asked:
        return shown_action(visit, form.action, fields, Shown(hidden=hidden))
    try:
        if SEEN in asked:
            form.check_seen(asked, now)
        found = await form.named.preview(form.subject, read_form(form.named.kind, asked, form.terms))
    except BillingError as error:
        return shown_action(visit, form.action, fields, Shown(problem=error, hidden=hidden))
    return shown_action(visit, form.action, fields, Shown(found, hidden=hidden))


@router.post("/customers/{customer_id}/do/{action}")
async def do_for_customer(visit: SupportVisit, customer: CustomerHere, action: str, sent: FormHere) -> Response:
    """Do it, once for each form however often that is sent, and go back to the customer."""
    form = await _form(visit, customer, action)
    try:
        if form.named.current:
            claim, back = claim_of(action, customer.customer_id, sent), f"{form.action.back}?done=before"
            return await once(visit, claim, back, lambda: _edited(visit, form, sent))
        done, link = await _done(visit, form, sent)
    except BillingError as error:
        fields = fields_of(form.named.kind, sent, form.terms)
        hidden = await hidden_after(error, sent, form.current)
        return shown_action(visit, form.action, fields, Shown(problem=error, reason=sent.get(WHY, ""), hidden=hidden))
    if link:
        return visit.page("link.html", action=form.action, link=link)
    outcome = action if done else "before"
    return RedirectResponse(f"{BASE}/customers/{customer.customer_id}?done={outcome}", HTTPStatus.SEE_OTHER)


async def _edited(visit: Visit, form: CustomerActionForm, sent: Mapping[str, str]) -> Response:
    """Do what changes values, where they are still those that the form was opened with."""
    services, ref = visit.services, form.subject.ref
    alone = services.repositories.idempotency.exclusive(ref.org_id, f"/api/v1/customers/{ref.customer_id}/pricing")
    async with services.guarding, alone:
        now = await (await _form(visit, ref, form.name)).current()
        form.check_seen(sent, now)
        await _done(visit, form, sent)
    return RedirectResponse(f"{form.action.back}?done={form.name}", HTTPStatus.SEE_OTHER)


async def _done(visit: Visit, form: CustomerActionForm, sent: Mapping[str, str]) -> tuple[bool, str | None]:
    """Tell whether it was done now, with the address to be handed on where there is one."""
    key, reason, asked = key_in(sent), reason_in(sent), read_form(form.named.kind, sent, form.terms)
    ref, change = form.subject.ref, change_by(visit.principal, reason)
    why = StatedReason(
        org_id=ref.org_id,
        customer_id=ref.customer_id,
        subject=("customer", ref.customer_id),
        action=f"console.{form.name.replace('-', '_')}",
        key=key,
    )
    is_first = await visit.services.repositories.reasons.record(why, change)
    if not is_first and not form.named.repeatable:
        return False, None
    return True, await form.named.do(form.subject, asked, change, key)


async def _form(visit: Visit, customer: CustomerRef, action: str) -> CustomerActionForm:
    if action not in KINDS:
        raise NotFound("There is no such page; the customer's own shows what can be done for it.")
    services = visit.services
    record = await services.queries.customers.get(customer.org_id, customer.customer_id)
    catalog = await services.repositories.catalogs.current(customer.org_id)
    terms = FormTerms(
        record.billing_account.currency, dict.fromkeys(("tier", "required_plan_tier"), tuple(catalog.tiers))
    )
    return CustomerActionForm(action, CustomerSubject(services, visit.console, record, visit), terms)
