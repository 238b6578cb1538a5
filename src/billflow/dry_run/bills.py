"""What a plan is billed up to a date, as it goes from one version of billflow to another."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from billflow.domain.errors import BillingError
from billflow.domain.invoicing.draft import InvoiceDraft, Line
from billflow.domain.preview import billing_dates_until
from billflow.domain.proration import Derivation
from billflow.domain.step import Facts

FAULT = "fault"
"""The code of a plan that billflow itself fails to bill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeseenLine:
    """A line of an invoice to come; its amount is in minor units, as the version that billed it rounds.

    `subject` tells lines of one kind apart: the item, the entry that it adjusts, or whose tax it is at which rate.
    """

    kind: str
    subject: str
    description: str
    derivation: Derivation
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeseenInvoice:
    """An invoice to come, dated `at`; with `automatic_tax` Stripe adds the tax to it."""

    kind: str
    at: datetime
    currency: str
    lines: tuple[ForeseenLine, ...]
    automatic_tax: bool = False

    @property
    def total(self) -> int:
        """Return the sum of the lines, in minor units."""
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why a plan can't be billed any further."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanBill:
    """The invoices of one plan up to a date, the oldest first, and what holds it back before that, if anything."""

    plan_id: str
    customer_id: str
    tier: str
    currency: str
    invoices: tuple[ForeseenInvoice, ...]
    on_hold: Hold | None = None


def bill(facts: Facts, until: datetime, now: datetime) -> PlanBill:
    """Bill every date up to *until*, as the plan's workflow would if nothing but time happens after *now*.

    Seats are taken to stay as last reported and invoices to be paid. What holds a plan back ends its bill; a fault of
    billflow's own does too, since one plan is not to hide the others.
    """
    invoices: list[ForeseenInvoice] = []
    hold = None
    try:
        for closed in billing_dates_until(facts, until, now=now):
            invoices += map(_billed, closed.invoices)
    except BillingError as error:
        hold = Hold(code=error.code, message=error.message)
    except Exception as error:  # noqa: BLE001  (the report names it, with the plan)
        hold = Hold(code=FAULT, message=f"{type(error).__name__}: {error}")
    return bill_of(facts, invoices, hold)


def bill_of(facts: Facts, invoices: list[ForeseenInvoice], hold: Hold | None) -> PlanBill:
    """Return what the plan of *facts* is billed."""
    plan = facts.plan
    return PlanBill(
        plan_id=plan.id,
        customer_id=plan.customer_id,
        tier=plan.tier,
        currency=plan.currency,
        invoices=tuple(invoices),
        on_hold=hold,
    )


def _billed(draft: InvoiceDraft) -> ForeseenInvoice:
    lines = tuple(
        ForeseenLine(
            kind=line.kind.value,
            subject=" ".join(_subject(line)),
            description=line.description,
            derivation=line.derivation,
            amount=line.amount,
        )
        for line in draft.lines
    )
    return ForeseenInvoice(
        kind=draft.kind.value, at=draft.at, currency=draft.currency, lines=lines, automatic_tax=draft.automatic_tax
    )


def _subject(line: Line) -> Iterator[str]:
    if line.item is not None:
        yield f"item {line.item}"
    if line.adjusts is not None:
        yield f"entry {line.adjusts}"
    if line.applied is not None:
        yield f"{line.applied.name} {line.applied.jurisdiction}"
