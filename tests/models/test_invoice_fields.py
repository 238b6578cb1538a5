"""The fields of an invoice are written down in few places."""

import ast

from billflow.models.tables import InvoiceRow
from tests.source import BILLFLOW, nodes

SHARED = {
    "id",
    "org_id",
    "created_at",
    "updated_at",
    "plan_id",
    "customer_id",
    "status",
    "currency",
    "kind",
    "collection_method",
    "licenses",
}
"""Columns that other tables have too."""

LISTS = {"InvoiceRow", "InvoiceRecord", "InvoiceToCollect"}
STRIPES_RESPONSES = {"Issued", "SentInvoice"}
FACTS = {"ChargedInvoice"}
"""What the domain, which knows no rows, is told of an invoice for a statement of account."""

OF_OTHERS = {"InvoiceOpening", "OpeningInvoiceRow", "ComputedInvoiceRow"}
"""What another billing system issues, as it is kept, or as we compute it: none of ours (decisions 0285 and 0300)."""


def fields_of(node: ast.ClassDef) -> set[str]:
    """Return the fields that a class declares itself."""
    declared = (line.target for line in node.body if isinstance(line, ast.AnnAssign))
    return {target.id for target in declared if isinstance(target, ast.Name)}


def test_nothing_but_row_record_and_what_stripe_needs_lists_an_invoices_fields() -> None:
    own = set(InvoiceRow.__table__.columns.keys()) - SHARED
    classes = [node for _, node in nodes(BILLFLOW) if isinstance(node, ast.ClassDef)]

    listing = {node.name for node in classes if len(fields_of(node) & own) > 3}
    assert listing == LISTS | STRIPES_RESPONSES | FACTS | OF_OTHERS
