"""Three accounts of every invoice side by side: our rows, the pure domain's recomputation, and Stripe's."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from billflow.domain.invoicing.draft import InvoiceDraft

LineAccount = tuple[int, int, int]
"""One line, as far as all accounts can tell it: its amount, and for which time, in Stripe's whole seconds."""


@dataclass(frozen=True, slots=True)
class InvoiceAccount:
    """One invoice; `name` is how a difference is reported, amounts in minor units."""

    name: str
    at: datetime
    total: int
    lines: Sequence[LineAccount]
    status: str | None = None


def line_account(amount: int, start: datetime, end: datetime) -> LineAccount:
    """Return a line as an account."""
    return amount, int(start.timestamp()), int(end.timestamp())


def account_of(draft: InvoiceDraft) -> InvoiceAccount:
    """Return a recomputed invoice as an account."""
    periods = [(line.amount, line.derivation.period) for line in draft.lines]
    lines = sorted(line_account(amount, period.start, period.end) for amount, period in periods)
    return InvoiceAccount(f"{draft.kind} of {draft.at:%Y-%m-%d}", draft.at, draft.total, lines)


def recomputed_differences(rows: Sequence[InvoiceAccount], drafts: Iterable[InvoiceDraft]) -> Iterator[str]:
    """Name every invoice that our rows and the pure domain do not agree on to the cent."""
    expected = sorted(map(account_of, drafts), key=_order)
    if len(rows) != len(expected):
        yield f"{len(rows)} invoices in the billing database, {len(expected)} recomputed"
    for row, wanted in zip(sorted(rows, key=_order), expected, strict=False):
        if row.total != wanted.total:
            yield f"{row.name}: {row.total} in the billing database, {wanted.total} recomputed"
        elif row.lines != wanted.lines:
            yield f"{row.name}: lines {row.lines} in the billing database, {wanted.lines} recomputed"


def stripe_differences(
    rows: Mapping[str, InvoiceAccount], at_stripe: Mapping[str, list[InvoiceAccount]]
) -> Iterator[str]:
    """Name every invoice that Stripe does not hold exactly once, with the same lines, total and status."""
    for invoice_id, row in rows.items():
        held = at_stripe.get(invoice_id, [])
        if len(held) != 1:
            yield f"{row.name}: held {len(held)} times at Stripe"
        elif (held[0].total, held[0].status) != (row.total, row.status):
            ours, theirs = f"{row.total} {row.status}", f"{held[0].total} {held[0].status}"
            yield f"{row.name}: {ours} in the billing database, {theirs} at Stripe"
        elif held[0].lines != row.lines:
            yield f"{row.name}: lines {row.lines} in the billing database, {held[0].lines} at Stripe"
    for invoice_id in at_stripe.keys() - rows.keys():
        yield f"invoice {invoice_id}: at Stripe, not in the billing database"


def refund_differences(ours: int, at_stripe: int) -> Iterator[str]:
    """Say so where another amount was given back by our records than at Stripe."""
    if ours != at_stripe:
        yield f"{ours} refunded in the billing database, {at_stripe} at Stripe"


def _order(account: InvoiceAccount) -> tuple[datetime, int]:
    return account.at, account.total
