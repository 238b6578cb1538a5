"""Invoices written to files."""

from pathlib import Path

import pytest
from facturx import xml_check_xsd

from billflow.models.contracts.seller import example_text
from tests.cli.terminal import Terminal, assert_refused


def test_an_invoice_is_written_as_pdf_and_as_html(terminal: Terminal, tmp_path: Path) -> None:
    customer = terminal.customer()
    words = ("--tier", "cloud_standard", "--schedule", "monthly", "--license-management", "manual", "--licenses", "30")
    bought = terminal("plan", "start", customer, *words, "--collection-method", "send_invoice")
    assert bought.code == 0, bought.err
    [invoice] = terminal("invoice", "list", "--customer", customer, "--json").data["invoices"]
    pdf, html = tmp_path / "march.pdf", tmp_path / "march.html"

    assert str(pdf) in terminal("invoice", "pdf", invoice["id"], "-o", str(pdf)).out
    assert terminal("invoice", "pdf", invoice["id"], "--html", "-o", str(html)).code == 0

    assert pdf.read_bytes().startswith(b"%PDF-")
    assert html.read_text().startswith("<!DOCTYPE html>")
    none = terminal("invoice", "e-invoice", invoice["id"], "-o", str(tmp_path / "march.xml"))
    assert_refused(none, "There is no e-invoice: ")
    assert not (tmp_path / "march.xml").exists()
    nowhere = terminal("invoice", "pdf", invoice["id"], "-o", str(tmp_path / "none" / "march.pdf"))
    assert_refused(nowhere, "name another file with --output")


@pytest.mark.full
def test_an_invoice_and_a_credit_note_are_written_as_e_invoices(terminal: Terminal, tmp_path: Path) -> None:
    seller, customer = tmp_path / "seller.toml", terminal.customer()
    seller.write_text(example_text().split("[numbering]")[0])
    assert terminal("seller", "apply", str(seller), "--json").data["e_invoice"] is True
    terminal("customer", "settings", customer, "--set", "company.address.country=DE")
    words = ("--tier", "cloud_standard", "--schedule", "monthly", "--license-management", "manual", "--licenses", "30")
    terminal("plan", "start", customer, *words, "--collection-method", "send_invoice")
    [invoice] = terminal("invoice", "list", "--customer", customer, "--json").data["invoices"]
    note = terminal("invoice", "credit-note", invoice["id"], "--amount", "300", "--json").data

    for command, named in (("invoice", invoice["id"]), ("credit-note", note["number"])):
        file = tmp_path / f"{command}.xml"
        assert str(file) in terminal(command, "e-invoice", named, "-o", str(file)).out
        assert xml_check_xsd(file.read_bytes(), flavor="factur-x", level="en16931")
    assert "yes" in terminal("invoice", "show", invoice["id"]).out.split("e-invoice")[1].splitlines()[0]
    assert "e-invoices" in terminal("seller", "show").out
