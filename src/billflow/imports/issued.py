"""Invoices that another system issued, read from a folder by themselves: neutral files, or Stripe's objects."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from billflow.domain.errors import BillingError
from billflow.imports.bundles import parsed
from billflow.imports.files import CSV, JSON, FileRow, read_folder
from billflow.imports.stripe_customers import invoice_row
from billflow.imports.stripe_invoices import line_rows, subscription_of
from billflow.imports.stripe_objects import readable
from billflow.models.contracts.imports import InvoiceLineOpening, InvoiceOpening

_KINDS = ("invoices", "invoice_lines")


@dataclass(slots=True)
class IssuedRows:
    """Invoices with their lines, and what became of those that can't be read."""

    invoices: list[InvoiceOpening] = field(default_factory=list)
    lines: dict[str, list[InvoiceLineOpening]] = field(default_factory=dict)
    refused: list[dict[str, Any]] = field(default_factory=list)

    def body(self, begin: int, count: int) -> dict[str, Any]:
        """Return a request that brings *count* of the invoices."""
        part = self.invoices[begin : begin + count]
        lines = [line for one in part for line in self.lines.get(one.external_id, ())]
        return {
            "invoices": [one.model_dump(mode="json", exclude_unset=True) for one in part],
            "invoice_lines": [one.model_dump(mode="json", exclude_unset=True) for one in lines],
        }


def read_issued(folder: Path) -> IssuedRows:
    """Return what a folder holds, by the ending of its files; raises `InvalidInput` for a file that can't be read."""
    endings = CSV if (folder / "invoices.csv").exists() else JSON
    found = IssuedRows()
    for row in read_folder(folder, endings, _KINDS, needed="invoices"):
        try:
            for one in _neutral(row):
                _add(found, parsed(one))
        except BillingError as error:
            why = {"code": error.code, "message": str(error), "field": error.field}
            external_id = row.values.get("external_id") or row.values.get("id")
            found.refused.append({"kind": "invoice", "external_id": external_id, "outcome": "refused", **why})
    return found


def _neutral(row: FileRow) -> Iterator[FileRow]:
    """Yield the rows that a row stands for: an invoice of Stripe's is one with its lines, any other is what it is."""
    values = row.values
    if values.get("object") != "invoice":
        yield row
        return
    with readable("invoice"):
        subscription = subscription_of(values)
        if subscription is None or values["status"] == "draft":
            return
        found = invoice_row(values, subscription)
        lines = line_rows(values)
    yield FileRow("invoices", row.file, row.line, found)
    yield from (FileRow("invoice_lines", row.file, row.line, line) for line in lines)


def _add(found: IssuedRows, one: Any) -> None:
    if isinstance(one, InvoiceLineOpening):
        found.lines.setdefault(one.invoice, []).append(one)
    else:
        found.invoices.append(one)
