"""An invoice as the domain hands it over: lines that say what they bill, and the terms of payment."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billflow.domain.coupons import CouponUse
from billflow.domain.currencies import check_charge
from billflow.domain.money import checked_total
from billflow.domain.plan import CollectionMethod
from billflow.domain.proration import Derivation
from billflow.domain.settings import BillingSettings
from billflow.domain.tax.amounts import AppliedTax


class LineKind(StrEnum):
    """What a line bills."""

    INITIAL_UPGRADE = "initial_upgrade"
    FIXED_PRICE_UPGRADE = "fixed_price_upgrade"
    RENEWAL = "renewal"
    FIXED_PRICE_RENEWAL = "fixed_price_renewal"
    ADDITIONAL_LICENSES = "additional_licenses"
    FLAT_DISCOUNT = "flat_discount"
    END_DATE_CHANGE = "end_date_change"
    CREDIT_TO_BALANCE = "credit_to_balance"
    COUPON = "coupon"
    ITEM = "item"
    ADD_ON = "add_on"
    ADDITIONAL_ADD_ON = "additional_add_on"
    ADD_ON_END_DATE_CHANGE = "add_on_end_date_change"
    TAX = "tax"


ADDITIONS = (LineKind.ADDITIONAL_LICENSES, LineKind.ADDITIONAL_ADD_ON)
"""What was added for the rest of a cycle (rules 8.3)."""

END_DATE_CHANGES = (LineKind.END_DATE_CHANGE, LineKind.ADD_ON_END_DATE_CHANGE)
"""What an addition costs more or less because an end date moved (rules 8.9)."""

NOT_DISCOUNTED = (LineKind.ITEM, LineKind.ADD_ON, LineKind.ADDITIONAL_ADD_ON, LineKind.ADD_ON_END_DATE_CHANGE)
"""What isn't for licenses, so that no discount takes anything of it (rules 35)."""

NO_CYCLE = (LineKind.CREDIT_TO_BALANCE, LineKind.ITEM, LineKind.TAX)
"""What pays for no part of a cycle by itself, so that a change of tier credits none of it (rules 12)."""

NOT_TAXED = (LineKind.CREDIT_TO_BALANCE, LineKind.TAX)
"""What is no price, so that there is no tax on it (rules 37.2)."""


class InvoiceKind(StrEnum):
    """Why an invoice was made: to buy a plan, or because a cycle, an addition or an item fell due."""

    PURCHASE = "purchase"
    TRIAL_PURCHASE = "trial_purchase"
    RECURRING = "recurring"


@dataclass(frozen=True, slots=True)
class Line:
    """One row of an invoice; `entries` are the ledger sequence numbers it bills.

    A change of licenses that were billed before `adjusts` the line that bills the entry of that number. `item` is the
    number of the one-off item it bills. `tax` is its share of the invoice's tax, whether its amount contains that or
    not; a tax line has an `applied` rate, and its `tax` is all of that rate.
    """

    kind: LineKind
    description: str
    derivation: Derivation
    entries: tuple[int, ...] = ()
    adjusts: int | None = None
    item: int | None = None
    tax: int = 0
    applied: AppliedTax | None = None

    @property
    def quantity(self) -> int:
        """Return how many units are billed."""
        return self.derivation.quantity

    @property
    def unit_amount(self) -> int:
        """Return the rounded amount of one unit, in minor units."""
        return self.derivation.unit_amount

    @property
    def amount(self) -> int:
        """Return the amount of the line, in minor units."""
        return self.derivation.amount


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """How an invoice is to be paid (rules 8.5).

    With `auto_advance` billflow's own collection goes on by itself after a failure; a purchase by card is voided
    instead.
    """

    collection_method: CollectionMethod
    auto_advance: bool
    days_until_due: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDraft:
    """An invoice dated `at`, before the records give it an id; `licenses` is what a purchase buys.

    With `automatic_tax` it is net, and Stripe adds the tax when it gets it (rules 37.5). One in a `parallel_run` is
    another system's to issue: ours is kept to be compared, and nothing else comes of it (rules 41).
    """

    kind: InvoiceKind
    at: datetime
    currency: str
    lines: tuple[Line, ...]
    terms: PaymentTerms
    statement_descriptor: str
    flat_discount_months: int = 0
    coupon_use: CouponUse | None = None
    licenses: int | None = None
    automatic_tax: bool = False
    parallel_run: bool = False

    @property
    def total(self) -> int:
        """Return the sum of the lines; raises `InvalidInput` where it does not fit 64 bits."""
        return checked_total(sum(line.amount for line in self.lines))

    @property
    def tax(self) -> int:
        """Return the tax that is in the total."""
        return sum(line.tax for line in self.lines if line.kind is LineKind.TAX)

    @property
    def tax_inclusive(self) -> bool:
        """Tell whether the prices contain the tax."""
        return any(line.applied is not None and line.applied.inclusive for line in self.lines)


def chargeable(draft: InvoiceDraft) -> InvoiceDraft:
    """Return *draft*, or raise `Refused` where no single charge can be over its total (rules 25).

    A sent invoice may be over the maximum: it is paid by bank transfer.
    """
    by_card = draft.terms.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY
    is_purchase = draft.kind is not InvoiceKind.RECURRING
    check_charge(draft.total, draft.currency, by_card=by_card, purchase=is_purchase)
    return draft


DESCRIPTOR_LENGTH = 22


def statement_descriptor(tier_name: str) -> str:
    """Return what a card statement shows, at most 22 characters (rules 8.5)."""
    return tier_name[:DESCRIPTOR_LENGTH].strip()


def payment_terms(
    collection: CollectionMethod, *, purchase: bool, settings: BillingSettings, trial_days: int | None = None
) -> PaymentTerms:
    """Return the terms of a purchase or a recurring invoice (rules 8.5); a trial's purchase is due when it ends."""
    if collection is CollectionMethod.CHARGE_AUTOMATICALLY:
        return PaymentTerms(collection, auto_advance=not purchase)
    due = settings.purchase_days_until_due if purchase else settings.days_until_due
    return PaymentTerms(collection, auto_advance=True, days_until_due=due if trial_days is None else trial_days)
