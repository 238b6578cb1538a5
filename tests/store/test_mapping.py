"""Rows become records by the names of their columns."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from billflow.domain.ledger import LedgerEntry
from billflow.models.contracts.invoices import InvoiceLine
from billflow.models.tables import InvoiceLineRow, LicenseLedger
from billflow.store.session.rows import as_record, from_row

NOW = datetime(2026, 1, 15, tzinfo=UTC)


def a_line() -> InvoiceLineRow:
    return InvoiceLineRow(
        id=uuid4(), n=1, description="Seats", quantity=2, unit_amount=800, amount=1600, period_start=NOW, period_end=NOW
    )


def test_columns_become_fields_of_the_same_name_and_ids_become_texts() -> None:
    row = a_line()

    line = from_row(InvoiceLine, row, line_id=row.id)

    assert (line.line_id, line.n, line.amount, line.period_end) == (str(row.id), 1, 1600, NOW)


def test_a_row_becomes_a_value_of_the_domain_in_the_same_way() -> None:
    row = LicenseLedger(seq=3, event_time=NOW, is_renewal=True, licenses=5, licenses_at_next_renewal=4)

    entry = from_row(LedgerEntry, row, allocated=False)

    assert (entry.seq, entry.licenses, entry.allocated) == (3, 5, False)


def test_a_field_that_is_neither_a_column_nor_named_is_noticed() -> None:
    with pytest.raises(AttributeError, match="line_id"):
        from_row(InvoiceLine, a_line())


def test_a_record_names_the_id_of_its_row_by_its_noun() -> None:
    row = a_line()

    assert as_record(InvoiceLine, row) == from_row(InvoiceLine, row, line_id=row.id)


def test_a_record_has_one_id_of_its_own() -> None:
    with pytest.raises(ValueError, match="unpack"):
        as_record(LedgerEntry, LicenseLedger(seq=3), allocated=False)
