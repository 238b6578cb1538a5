"""A product of one's own: the customers of an example live through its years, and every account agrees."""

import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from facturx import xml_check_xsd

from billflow.demo import run
from billflow.demo.accounts import report_on
from billflow.demo.report import CustomerReport
from billflow.demo.run import DemoOptions, run_demo
from billflow.demo.scenario_run import DemoEnvironment, DemoResult
from billflow.documents.e_invoice import PROFILE
from billflow.domain.statement import AccountStatement
from billflow.models.contracts.adjustments import AdjustmentRef, CreditNoteRecord
from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.records import InvoiceDetail, InvoiceFilter, Paging
from tests.documents.schematron import broken_rules

PICTURES = os.environ.get("BILLFLOW_PICTURES", "")
AFTER_ALL = datetime(2027, 1, 1, tzinfo=UTC)


@dataclass
class Documents:
    """What a demo leaves: e-invoices by their numbers, credit notes, and the statements of all accounts.

    Where `BILLFLOW_PICTURES` names a folder, invoices, credit notes and statements are kept there as PDF files.
    """

    e_invoices: dict[str, bytes] = field(default_factory=dict)
    credit_notes: list[CreditNoteRecord] = field(default_factory=list)
    statements: list[AccountStatement] = field(default_factory=list)

    async def add(self, env: DemoEnvironment, result: DemoResult) -> None:
        """Take in what there is of a customer."""
        engine, ref = env.engine, CustomerRef(org_id=env.org_id, customer_id=result.customer_id)
        of_customer = InvoiceFilter(customer_id=result.customer_id)
        rows = (await engine.queries.invoices.search(env.org_id, of_customer, Paging(limit=100))).rows
        for one in rows:
            await self._add_invoice(env, await engine.queries.invoices.get(env.org_id, one.invoice_id))
        stated = await engine.documents.statement(ref, None, None, AFTER_ALL)
        self.statements += stated.accounts
        if PICTURES:
            keep(result.customer_id, await engine.documents.statement_pdf(ref, None, None, AFTER_ALL))
            await keep_largest(env, [one.invoice_id for one in rows])

    async def _add_invoice(self, env: DemoEnvironment, invoice: InvoiceDetail) -> None:
        assert invoice.e_invoice, (invoice.number, invoice.e_invoice_missing)
        self.e_invoices[str(invoice.number)] = await env.engine.documents.e_invoice(env.org_id, invoice.invoice_id)
        made = await env.engine.repositories.adjustments.of_invoice(env.org_id, invoice.invoice_id)
        for note in made.credit_notes:
            ref = AdjustmentRef(org_id=env.org_id, kind="credit_note", adjustment_id=note.credit_note_id)
            number, xml = await env.engine.documents.credit_note_e_invoice(ref)
            self.e_invoices[number] = xml
            self.credit_notes.append(note)
            if PICTURES:
                keep(*await env.engine.documents.adjustment_pdf(ref))


def keep(name: str, pdf: bytes) -> None:
    """Keep a PDF file to look at."""
    (Path(PICTURES) / f"{name}.pdf").write_bytes(pdf)


async def keep_largest(env: DemoEnvironment, invoice_ids: list[str]) -> None:
    """Keep the invoice with the most lines, to look at."""
    found = [await env.engine.queries.invoices.get(env.org_id, one) for one in invoice_ids]
    largest = max(found, key=lambda one: len(one.lines))
    keep(str(largest.number), await env.engine.documents.pdf(env.org_id, largest.invoice_id))


@pytest.fixture
def documents(monkeypatch: pytest.MonkeyPatch) -> Documents:
    """Return what a demo leaves, which is there once it has run."""
    found = Documents()

    async def reported(env: DemoEnvironment, result: DemoResult) -> CustomerReport:
        await found.add(env, result)
        return await report_on(env, result)

    monkeypatch.setattr(run, "report_on", reported)
    return found


@pytest.mark.full
def test_three_years_of_an_invented_product_come_out_without_a_difference_and_as_e_invoices(
    capsys: pytest.CaptureFixture[str], documents: Documents, tmp_path: Path
) -> None:
    code = run_demo(DemoOptions(example="own-product", as_json=True))

    told = json.loads(capsys.readouterr().out)
    customers = {one["name"]: one for one in told["customers"]}
    assert (code, told["differences"]) == (0, 0), [one["differences"] for one in told["customers"]]
    assert all(one["invoices"] and one["open"] == 0 for one in told["customers"])
    assert {name: one["refunded"] for name, one in customers.items() if one["refunded"]} == REFUNDED
    assert len(customers) == 10
    assert {one["currency"] for one in told["customers"]} == {"EUR", "USD"}
    assert sum(one["cycles"] for one in told["customers"]) > 150
    taxed = {name: [rate_of(name, one["day"]) for one in row["taxed"]] for name, row in customers.items()}
    assert len({rate for rates in taxed.values() for rate in rates}) > 5
    for name, rates in taxed.items():
        for rate, one in zip(rates, customers[name]["taxed"], strict=True):
            tax = (2 * one["net"] * rate + 1000) // 2000
            assert (one["tax"], one["total"]) == (tax, max(one["net"] + tax, 0)), (name, one)
    assert len(documents.e_invoices) == sum(one["invoices"] for one in told["customers"]) + len(documents.credit_notes)
    assert all(xml_check_xsd(xml, flavor="factur-x", level=PROFILE) for xml in documents.e_invoices.values())
    assert {number: broken for number, broken in broken_rules(documents.e_invoices, tmp_path).items() if broken} == {}
    given_back = [
        (one.amount, [(tax.percent, tax.base, tax.tax) for tax in one.taxes]) for one in documents.credit_notes
    ]
    assert sorted(given_back) == [(2400, [("20", 2000, 400)]), (10_000, [("8.1", 9251, 749)])]
    assert len(documents.statements) >= len(customers)
    for account in documents.statements:
        assert account.closing_balance == sum(one.still_due for one in account.invoices) - account.credit_on_account
        assert account.closing_balance == sum(entry.amount for entry in account.entries)


REFUNDED = {"Atelier Lefèvre": 1500 + 2400, "Harbour Street Accountants": 10_000}
"""What was given back to a card, by refund or credit note."""

RATES = {
    "Bäckerei Öztürk & Söhne": 190,
    "Atelier Lefèvre": 200,
    "Kowalska Księgowość": 230,
    "Мастерская Восход": 200,
}
"""What private customers pay in their countries, in thousandths; others, and businesses in the Union, none."""


def rate_of(name: str, day: str) -> int:
    """Return the rate of an invoice of that day, in thousandths."""
    if name == "Harbour Street Accountants":
        return 77 if day < "2024-01-01" else 81
    return RATES.get(name, 0)
