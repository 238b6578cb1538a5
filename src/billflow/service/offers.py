"""What support and customers do with offers: create, accept, withdraw."""

from dataclasses import dataclass
from datetime import datetime

from billflow.domain.commands import EndNow, UpgradeTierNow
from billflow.domain.errors import BillingError, NotFound
from billflow.domain.plan import CollectionMethod, Schedule
from billflow.domain.plan_start import StartPlan
from billflow.errors import Unavailable
from billflow.models.contracts.customers import ChangeContext, OfferStatus
from billflow.models.contracts.invoices import SentInvoice
from billflow.models.contracts.keys import KeyNamespace, NamespacedKey
from billflow.models.contracts.offers import Acceptance, CreatedOffer, OfferCreate, OfferRecord
from billflow.models.contracts.plans import PlanState, StartPlanInput, StartPlanResult
from billflow.models.contracts.steps import CommandRequest
from billflow.ports.payments import PaymentGateway
from billflow.service.plans import PlanService
from billflow.store.session.repositories import Repositories


@dataclass(frozen=True)
class OfferService:
    """Offers as their callers see them; raises `BillingError` with a stable code where a rule says no."""

    plans: PlanService
    repositories: Repositories
    gateway: PaymentGateway

    async def make(self, org_id: str, customer_id: str, new: OfferCreate, change: ChangeContext) -> CreatedOffer:
        """Make an offer; with an invoice that was sent at Stripe, its purchase starts and waits for the payment.

        Raises `Refused` where the rules don't allow it, and `NotFound` where Stripe has no such invoice: nothing is
        offered then.
        """
        sent = await self.gateway.sent_invoice(new.sent_invoice_id) if new.sent_invoice_id else None
        offer = await self.repositories.offers.create(org_id, customer_id, new, change)
        if sent is None:
            return CreatedOffer(offer=offer)
        try:
            started = await self.plans.start(_bought_by(offer, sent, change))
        except Unavailable:
            raise
        except BillingError:
            await self.repositories.offers.withdraw(org_id, customer_id, offer.offer_id, change)
            raise
        return CreatedOffer(
            offer=await self.repositories.offers.get(org_id, offer.offer_id, change.at), started=started
        )

    async def accept(
        self, org_id: str, customer_id: str, offer_id: str, chosen: Acceptance, change: ChangeContext
    ) -> StartPlanResult:
        """Start the plan at the offer's price, and wait for its card; the same `chosen.key` answers the same.

        Where the purchase comes to nothing, the offer is open again. A plan that costs nothing is replaced at once.
        """
        offer = await self._of_customer(org_id, customer_id, offer_id, change.at)
        if free := await self.repositories.offers.replaced_plan(org_id, customer_id, offer_id):
            return await self._replace(free, offer, chosen, change)
        return await self.plans.start(_acceptance(offer, chosen, change))

    async def withdraw(self, org_id: str, customer_id: str, offer_id: str, change: ChangeContext) -> OfferRecord:
        """Take an offer back; a purchase of it that is not paid yet is ended, and its invoice voided."""
        offer = await self._of_customer(org_id, customer_id, offer_id, change.at)
        if offer.status is OfferStatus.ACCEPTED:
            await self._end_purchase(org_id, offer_id, change)
        return await self.repositories.offers.withdraw(org_id, customer_id, offer_id, change)

    async def _replace(
        self, free: PlanState, offer: OfferRecord, chosen: Acceptance, change: ChangeContext
    ) -> StartPlanResult:
        command = UpgradeTierNow(
            tier=offer.tier,
            schedule=chosen.schedule,
            collection_method=chosen.collection_method or offer.collection_method,
            offer_id=offer.offer_id,
        )
        request = CommandRequest(command_id=_key_of(offer, chosen), command=command, actor=change.actor)
        taken = await self.plans.command(free.ref, request)
        return StartPlanResult(state=taken.successor or taken.state)

    async def _end_purchase(self, org_id: str, offer_id: str, change: ChangeContext) -> None:
        plan = await self.repositories.offers.waiting_purchase(org_id, offer_id)
        if plan is None:
            return
        command = EndNow(void_open_invoices=True)
        request = CommandRequest(command_id=KeyNamespace.WITHDRAWAL.key(offer_id), command=command, actor=change.actor)
        await self.plans.command(plan.ref, request)

    async def _of_customer(self, org_id: str, customer_id: str, offer_id: str, at: datetime) -> OfferRecord:
        offer = await self.repositories.offers.get(org_id, offer_id, at)
        if offer.customer_id != customer_id:
            raise NotFound(f"There is no offer {offer_id!r} for this customer.")
        return offer


def _acceptance(offer: OfferRecord, chosen: Acceptance, change: ChangeContext) -> StartPlanInput:
    start = StartPlan(
        tier=offer.tier,
        schedule=chosen.schedule,
        licenses=chosen.licenses,
        license_management=chosen.license_management,
        collection_method=chosen.collection_method or offer.collection_method,
        fixed_price=offer.fixed_price,
        offer_id=offer.offer_id,
    )
    return StartPlanInput(
        org_id=offer.org_id,
        customer_id=offer.customer_id,
        idempotency_key=_key_of(offer, chosen),
        actor=change.actor,
        start=start,
        test_clock_id=chosen.test_clock_id,
        at=change.at,
    )


def _key_of(offer: OfferRecord, chosen: Acceptance) -> NamespacedKey:
    return KeyNamespace.OFFER.key(offer.offer_id, chosen.key)


def _bought_by(offer: OfferRecord, sent: SentInvoice, change: ChangeContext) -> StartPlanInput:
    """Return the purchase that an invoice sent by support makes: annual, paid by invoice (rules 13)."""
    key = KeyNamespace.SENT_INVOICE.key(sent.stripe_invoice_id)
    chosen = Acceptance(key=key, schedule=Schedule.ANNUAL, collection_method=CollectionMethod.SEND_INVOICE)
    return _acceptance(offer, chosen, change).model_copy(update={"sent_invoice": sent})
