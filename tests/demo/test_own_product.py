"""A product of one's own: the customers of an example live through its years, and every account agrees."""

import json
from pathlib import Path

import pytest

from billflow.demo import run
from billflow.demo.accounts import report_on
from billflow.demo.report import CustomerReport
from billflow.demo.run import DemoOptions, run_demo
from billflow.demo.scenario_run import DemoEnvironment, DemoResult
from billflow.models.contracts.records import InvoiceFilter, Paging
from tests.documents.schematron import broken_rules


@pytest.fixture
def e_invoices(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Return the e-invoices of a demo by their numbers, which are there once it has run."""
    found: dict[str, bytes] = {}

    async def reported(env: DemoEnvironment, result: DemoResult) -> CustomerReport:
        mine = InvoiceFilter(customer_id=result.customer_id)
        for one in (await env.engine.queries.invoices.search(env.org_id, mine, Paging(limit=100))).rows:
            invoice = await env.engine.queries.invoices.get(env.org_id, one.invoice_id)
            assert invoice.e_invoice, (invoice.number, invoice.e_invoice_missing)
            found[str(invoice.number)] = await env.engine.documents.e_invoice(env.org_id, one.invoice_id)
        return await report_on(env, result)

    monkeypatch.setattr(run, "report_on", reported)
    return found


@pytest.mark.full
def test_three_years_of_an_invented_product_come_out_without_a_difference_and_as_e_invoices(
    capsys: pytest.CaptureFixture[str], e_invoices: dict[str, bytes], tmp_path: Path
) -> None:
    code = run_demo(DemoOptions(example="own-product", as_json=True))

    told = json.loads(capsys.readouterr().out)
    customers = {one["name"]: one for one in told["customers"]}
    assert (code, told["differences"]) == (0, 0), [one["differences"] for one in told["customers"]]
    assert all(one["invoices"] and one["open"] == 0 for one in told["customers"])
    assert customers["Atelier Lefèvre"]["refunded"] == 1500
    assert len(customers) == 10
    assert {one["currency"] for one in told["customers"]} == {"EUR", "USD"}
    assert sum(one["cycles"] for one in told["customers"]) > 150
    taxed = {name: [rate_of(name, one["day"]) for one in row["taxed"]] for name, row in customers.items()}
    assert len({rate for rates in taxed.values() for rate in rates}) > 5
    for name, rates in taxed.items():
        for rate, one in zip(rates, customers[name]["taxed"], strict=True):
            tax = (2 * one["net"] * rate + 1000) // 2000
            assert (one["tax"], one["total"]) == (tax, max(one["net"] + tax, 0)), (name, one)
    assert len(e_invoices) == sum(one["invoices"] for one in told["customers"])
    assert {number: broken for number, broken in broken_rules(e_invoices, tmp_path).items() if broken} == {}


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
