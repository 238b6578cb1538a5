"""What both systems billed an organization: invoices with their sums, and each period with what it came to."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import stripe

from billflow.demo.migration.old_account import moment
from billflow.demo.migration.old_plans import OldPeriod
from billflow.demo.migration.report import Amounts
from billflow.models.contracts.records import InvoiceDetail

DEAD = ("draft", "void")


@dataclass(frozen=True, slots=True)
class BilledSums:
    """What one system billed: invoices, their totals and what of them is paid, and of prorations, by currency."""

    invoices: int
    total: Amounts
    paid: Amounts
    prorations: int = 0
    prorated: Amounts = field(default_factory=dict)

    @property
    def is_open(self) -> Amounts:
        """Return what is not paid."""
        rest = {currency: amount - self.paid.get(currency, 0) for currency, amount in self.total.items()}
        return {currency: amount for currency, amount in rest.items() if amount}


def added(amounts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the sums by currency."""
    sums: dict[str, int] = defaultdict(int)
    for currency, amount in amounts:
        sums[currency] += amount
    return dict(sums)


def together(several: Sequence[BilledSums]) -> BilledSums:
    """Return the sum of several sums."""
    return BilledSums(
        invoices=sum(one.invoices for one in several),
        total=added(pair for one in several for pair in one.total.items()),
        paid=added(pair for one in several for pair in one.paid.items()),
        prorations=sum(one.prorations for one in several),
        prorated=added(pair for one in several for pair in one.prorated.items()),
    )


def old_sums(invoices: Sequence[stripe.Invoice]) -> BilledSums:
    """Return the sums of the old system over these invoices."""
    final = [one for one in invoices if one.status not in DEAD]
    return BilledSums(
        invoices=len(final),
        total=added((one.currency.upper(), one.total) for one in final),
        paid=added((one.currency.upper(), one.total if one.status == "paid" else 0) for one in final),
        prorations=len(changes := [line for one in final for line in one.lines.data if _is_proration(line)]),
        prorated=added((line.currency.upper(), line.amount) for line in changes),
    )


def our_sums(invoices: Sequence[InvoiceDetail]) -> BilledSums:
    """Return billflow's sums over these invoices."""
    return BilledSums(
        invoices=len(invoices),
        total=added((one.currency, one.total) for one in invoices),
        paid=added((one.currency, one.amount_paid) for one in invoices),
    )


def old_periods(invoices: Sequence[stripe.Invoice]) -> list[OldPeriod]:
    """Return the periods that the old system billed, each as often as it did; of a trial none."""
    lines: list[Any] = [line for one in invoices if one.status not in DEAD for line in one.lines.data]
    return [
        OldPeriod(
            moment(line.period.start),
            moment(line.period.end),
            line.amount - sum(one.amount for one in line.discount_amounts or []),
        )
        for line in lines
        if line.amount and not _is_proration(line)
    ]


def our_periods(invoices: Sequence[InvoiceDetail]) -> list[OldPeriod]:
    """Return the periods that billflow billed, each as often as it did, less the coupons."""
    found = []
    for invoice in invoices:
        periods = added((f"{line.period_start}|{line.period_end}", line.amount) for line in invoice.lines)
        bounds = {f"{line.period_start}|{line.period_end}": line for line in invoice.lines}
        found += [
            OldPeriod(bounds[key].period_start, bounds[key].period_end, amount) for key, amount in periods.items()
        ]
    return found


def _is_proration(line: Any) -> bool:
    details = line.parent and line.parent.subscription_item_details
    return bool(details and details.proration)
