"""What collecting and settling need of the world beyond `ports`: mails, policies, adjustments, and more of Stripe."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from billflow.domain.dunning import DunningPolicy
from billflow.models.contracts.adjustments import (
    AdjustmentRef,
    AdjustmentResult,
    AdjustmentToSend,
    CreditNoteInput,
    CreditNoteRecord,
    InvoiceAdjustments,
    InvoiceBalance,
    RefundInput,
    RefundRecord,
    StripeAdjustments,
    VoidInput,
)
from billflow.models.contracts.collection import CollectionTerms, SmallOrganizationResult, SuspensionResult
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.invoices import BilledCustomer, InvoiceRef, InvoiceStatus, InvoiceToCollect
from billflow.models.contracts.webhooks import KnownCard, StripeDispute, StripeObjects


class AdjustmentGateway(Protocol):
    """Stripe, as far as money that goes back is concerned; a refusal is a value, an exception means unknown."""

    async def settle(self, wanted: AdjustmentToSend) -> AdjustmentResult:
        """Make the refund or credit note, once, however often asked. Raises `PaymentsUnavailable`."""
        ...

    async def mark_uncollectible(self, invoice: InvoiceToCollect) -> InvoiceStatus:
        """Give the invoice up where it is open, and return how it stands; done already is done."""
        ...

    async def standing(self, invoice: InvoiceToCollect) -> InvoiceBalance | None:
        """Return how the invoice stands, None where Stripe does not hold it."""
        ...

    async def money(self, invoice: InvoiceToCollect) -> StripeAdjustments | None:
        """Return how the invoice stands with all its refunds and credit notes."""
        ...

    async def invoice_of_payment(self, payment_intent_id: str) -> str | None:
        """Return the Stripe id of the invoice that a payment was for, None where it was for none."""
        ...


class PaymentMethods(Protocol):
    """How customers give us a way to pay."""

    async def ensure_customer(self, customer: BilledCustomer) -> str:
        """Return the id of the Stripe customer, making it where there is none yet."""
        ...

    async def card_link(self, customer: BilledCustomer, return_url: str) -> str:
        """Return the address of a page where the customer enters a card; it holds for a day."""
        ...

    async def portal_link(self, customer: BilledCustomer, return_url: str) -> str:
        """Return the address of a page where the customer sees its invoices and changes its card."""
        ...

    async def adopt_card(self, session_id: str) -> tuple[str, str] | None:
        """Make the card entered in a checkout session the default one.

        Return the ids of the Stripe customer and the payment method, None where nothing was entered.
        """
        ...

    async def default_card(self, stripe_customer_id: str) -> str | None:
        """Return the id of the customer's default payment method, None where it has none or is gone."""
        ...


class DunningRepository(Protocol):
    """What collection by policy reads and writes; every method is one transaction and safe to repeat."""

    async def dunning_policy(self, org_id: str) -> DunningPolicy:
        """Return how the organization collects."""
        ...

    async def set_dunning_policy(self, org_id: str, policy: DunningPolicy) -> None:
        """Collect by this policy from now on; collections that run keep theirs."""
        ...

    async def change_dunning_policy(
        self, org_id: str, changes: Mapping[str, object], change: ChangeContext
    ) -> DunningPolicy:
        """Change parts of the policy; raises `InvalidInput` for what can't be followed."""
        ...

    async def terms(self, ref: InvoiceRef) -> CollectionTerms:
        """Return the organization's policy, and how far collecting the invoice has come."""
        ...

    async def live_plans(self, ref: InvoiceRef) -> SuspensionResult:
        """Return the live plans of the customer who owes the invoice."""
        ...

    async def suspend_for(self, ref: InvoiceRef, at: datetime) -> SuspensionResult:
        """Suspend the customer because of the invoice, unless it is settled by now."""
        ...

    async def lift_for(self, ref: InvoiceRef, at: datetime) -> SuspensionResult:
        """Let a customer back in whose last reason for suspension was this invoice, now settled."""
        ...

    async def let_go(self, ref: InvoiceRef, at: datetime) -> SmallOrganizationResult:
        """Decide by the small-organization rule; without a live plan, void what is open."""
        ...


class AdjustmentRepository(Protocol):
    """Credit notes, refunds and given-up invoices as rows; every method is one transaction and safe to repeat."""

    async def create_refund(self, ask: RefundInput) -> RefundRecord:
        """Write a refund down, once per key; raises `Refused`, `InvalidInput` or `NotFound`."""
        ...

    async def create_credit_note(self, ask: CreditNoteInput) -> CreditNoteRecord:
        """Write a credit note down, once per key; raises `Refused`, `InvalidInput` or `NotFound`."""
        ...

    async def close(self, ask: VoidInput) -> InvoiceStatus:
        """Void an open invoice or give it up, and return how it stands; raises `Refused` or `NotFound`."""
        ...

    async def to_send(self, ref: AdjustmentRef) -> AdjustmentToSend:
        """Return all that the gateway needs of a credit note or refund."""
        ...

    async def record_answer(self, ref: AdjustmentRef, answer: AdjustmentResult, at: datetime) -> None:
        """Remember what Stripe said of it."""
        ...

    async def adjustments(self, org_id: str, invoice_id: str) -> InvoiceAdjustments:
        """Return the credit notes and refunds of an invoice, and what is left of it."""
        ...

    async def adjustment(self, ref: AdjustmentRef) -> CreditNoteRecord | RefundRecord:
        """Return a credit note or refund as it stands; raises `NotFound`."""
        ...


class StripeEventEffects(Protocol):
    """What Stripe's events change in the records; every method is one transaction and safe to repeat."""

    async def owner_of(self, objects: StripeObjects) -> str | None:
        """Return the organization that a Stripe customer or invoice belongs to, None for strangers."""
        ...

    async def invoice_at(self, org_id: str, stripe_invoice_id: str) -> str | None:
        """Return the id of our invoice that Stripe holds under that id."""
        ...

    async def known_card(self, org_id: str, stripe_customer_id: str) -> KnownCard | None:
        """Return the customer behind a Stripe customer, and the default card the records know of."""
        ...

    async def record_card(self, org_id: str, stripe_customer_id: str, method: str | None, at: datetime) -> None:
        """Remember the customer's default card."""
        ...

    async def forget_customer(self, org_id: str, stripe_customer_id: str, at: datetime) -> None:
        """Let go of a Stripe customer that was deleted there: the next invoice makes a new one."""
        ...

    async def record_money(self, ref: InvoiceRef, money: StripeAdjustments, at: datetime) -> None:
        """Bring the invoice's refunds and credit notes to where Stripe has them, with those made there."""
        ...

    async def record_dispute(self, org_id: str, effects: StripeDispute) -> None:
        """Keep what an event tells of a dispute, and flag the invoice until the dispute is won."""
        ...
