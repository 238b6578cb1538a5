"""Invoices written to files."""

from pathlib import Path

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
    nowhere = terminal("invoice", "pdf", invoice["id"], "-o", str(tmp_path / "none" / "march.pdf"))
    assert_refused(nowhere, "name another file with --output")
