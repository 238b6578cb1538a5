"""`billflow dev` sells as somebody whom an accountant believes: named, with an address and numbers that are valid."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from stdnum import bic, iban
from stdnum.de import vat

from billflow.client import Client, customers, invoices, plans, seller, tax
from billflow.dev.ports import LOOPBACK, free_port
from billflow.models.contracts.responses import InvoiceDetailResponse
from billflow.models.contracts.tax_rates import TaxDocument
from tests.dev.test_ready import dev, shown_by
from tests.waiting import PATIENCE

GERMAN = {"street": "Marienplatz 1", "postal_code": "80331", "city": "München", "country": "DE"}
INCLUSIVE = {
    "mode": "own_rates",
    "reverse_charge": False,
    "rates": [{"country": "DE", "name": "USt", "percent": "19.00", "inclusive": True}],
}


@dataclass(frozen=True)
class Started:
    """What `billflow dev` runs: a caller of its API, and its terminal."""

    billflow: Client
    folder: Path

    def bought(self, name: str) -> InvoiceDetailResponse:
        """Return the invoice of a purchase of seven licenses, which is sent."""
        buyer = self.billflow.do(customers.create(name, f"{name.lower()}@example.com", billing_address=GERMAN))
        terms: Any = {"license_management": "manual", "licenses": 7, "collection_method": "send_invoice"}
        plan = self.billflow.do(plans.start(buyer.customer_id, "cloud_standard", "monthly", **terms)).plan
        [invoice] = self.billflow.do(plans.invoices(plan.plan_id)).rows
        return self.billflow.do(invoices.show(invoice.invoice_id))

    def printed(self, *command: str) -> str:
        """Return what a command writes, every run of blanks as one."""
        environment = os.environ | {"XDG_STATE_HOME": f"{self.folder}/state", "COLUMNS": "200"}
        words = [sys.executable, "-m", "billflow.cli", *command]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=True)
        return " ".join(done.stdout.split())


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """Yield a new `billflow dev`."""
    port = free_port()
    with dev(tmp_path, port) as process:
        assert process.stdout
        process.stdout.readline()
        key = shown_by(process)["API key, shown this once"]
        with Client(f"http://{LOOPBACK}:{port}", key) as billflow:
            yield Started(billflow, tmp_path)


@pytest.mark.full
def test_it_sells_as_somebody_plausible_who_is_printed_on_its_invoices(started: Started) -> None:
    ours = started.billflow.do(seller.show())
    assert (ours.version, ours.legal_name) == (1, "Example Software GmbH")
    address = ours.address
    assert address is not None
    assert (address.street, address.postal_code, address.city, address.country) == (
        "Lindenstr. 1",
        "10969",
        "Berlin",
        "DE",
    )
    assert vat.is_valid(ours.vat_number or "")
    assert ours.bank is not None
    assert (iban.is_valid(ours.bank.iban), bic.is_valid(ours.bank.bic or "")) == (True, True)

    invoice = started.bought("Acme")
    file = started.billflow.do(invoices.pdf(invoice.invoice_id))
    page = " ".join(PdfReader(BytesIO(file)).pages[0].extract_text().split())
    for said in (
        ours.legal_name,
        "Lindenstr. 1",
        "10969 Berlin",
        ours.vat_number,
        ours.registration_number,
        ours.email,
    ):
        assert said
        assert said in page
    assert "DE89 3704 0044 0532 0130 00" in page
    assert (invoice.number or "").startswith("INV-")


@pytest.mark.full
def test_its_terminal_shows_the_tax_that_prices_contain(started: Started) -> None:
    started.billflow.do(tax.apply(TaxDocument.model_validate(INCLUSIVE)))
    invoice = started.bought("Beta")
    assert (invoice.total, [one.percent for one in invoice.taxes]) == (5600, ["19"])
    shown = started.printed("invoice", "show", invoice.invoice_id)
    assert "USt DE 19% USD 47.06 USD 8.94 in the prices" in shown
    explained = started.printed("invoice", "explain", invoice.invoice_id)
    assert "USt 19% for DE: 19/119 of USD 56, rounded half up = USD 8.94, which the prices contain." in explained
