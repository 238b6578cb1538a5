"""Cards, payments, refunds and mails at the command line, on the real stack."""

from pathlib import Path

import pytest

from tests.cli.terminal import Terminal, assert_refused

pytestmark = pytest.mark.journey


def bought(terminal: Terminal) -> tuple[str, str]:
    """Buy a plan with a test card; return the customer and the invoice."""
    customer = terminal.customer()
    terminal("seats", "report", customer, "--members", "10")
    assert terminal("customer", "card", customer, "--test-card", "pm_card_visa").code == 0
    words = ("--tier", "cloud_standard", "--schedule", "monthly")
    assert terminal("plan", "start", customer, *words).code == 0
    invoices = terminal("invoice", "list", "--customer", customer, "--json").data["invoices"]
    return customer, str(invoices[0]["id"])


def test_a_refund_is_made_once_per_key_and_never_over_more_than_was_paid(terminal: Terminal) -> None:
    _, invoice = bought(terminal)

    first = terminal(
        "invoice", "refund", invoice, "--amount", "500", "--idempotency-key", f"r-{invoice}", "--json"
    ).data
    again = terminal(
        "invoice", "refund", invoice, "--amount", "500", "--idempotency-key", f"r-{invoice}", "--json"
    ).data
    too_much = terminal("invoice", "refund", invoice, "--amount", "1000000")

    assert first == again
    assert first["status"] == "succeeded"
    assert_refused(too_much, "can be refunded")


@pytest.mark.full
def test_a_credit_note_to_the_balance_is_shown_and_a_paid_invoice_is_neither_voided_nor_paid(
    terminal: Terminal,
) -> None:
    _, invoice = bought(terminal)

    note = terminal(
        "invoice", "credit-note", invoice, "--amount", "300", "--refund-method", "balance", "--memo", "Sorry", "--json"
    )

    assert (note.data["balance_amount"], note.data["status"]) == (300, "succeeded")
    assert_refused(terminal("invoice", "void", invoice), "refund it instead")
    assert_refused(terminal("invoice", "pay", invoice), "Only an open invoice is collected")
    assert_refused(terminal("invoice", "mark-uncollectible", invoice), "Only an open invoice")


@pytest.mark.full
def test_what_was_adjusted_is_shown_explained_stated_and_written_to_files(terminal: Terminal, tmp_path: Path) -> None:
    customer, invoice = bought(terminal)
    note = (
        "invoice",
        "credit-note",
        invoice,
        "--amount",
        "300",
        "--refund-method",
        "balance",
        "--memo",
        "Sorry",
        "--json",
    )
    made = {
        "credit-note": terminal(*note, "--json").data,
        "refund": terminal("invoice", "refund", invoice, "--amount", "200", "--json").data,
    }

    shown, explained = terminal("invoice", "show", invoice).out, terminal("invoice", "explain", invoice).out
    stated = terminal("customer", "statement", customer, "--pdf", str(tmp_path / "statement.pdf"))
    [account] = terminal("customer", "statement", customer, "--json").data["accounts"]
    nowhere = terminal("customer", "statement", customer, "--pdf", str(tmp_path / "none" / "statement.pdf"))
    backwards = terminal("customer", "statement", customer, "--since", "2026-02-01", "--until", "2026-01-01")

    assert ("order change, Sorry" in shown, "still due" in shown) == (True, True)
    assert f"credit note {made['credit-note']['number']} took USD 3 off (order change, Sorry)." in explained
    assert "Credited USD 3, refunded USD 2, net paid USD 78, still due USD 0." in explained
    assert f"credit note {made['credit-note']['number']}, invoice" in stated.out
    assert (account["closing_balance"], account["credit_on_account"]) == (-300, 300)
    assert (tmp_path / "statement.pdf").read_bytes().startswith(b"%PDF-")
    assert_refused(nowhere, "name another file with --pdf")
    assert_refused(backwards, "since lies after until")
    for noun, one in made.items():
        file = tmp_path / f"{noun}.pdf"
        assert terminal(noun, "show", one["number"].lower(), "--json").data == one
        assert one["number"] in terminal(noun, "show", one["id"][:8]).out
        assert str(file) in terminal(noun, "pdf", one["number"], "-o", str(file)).out
        assert file.read_bytes().startswith(b"%PDF-")
        assert_refused(terminal(noun, "show", "ZZ-000001"), f"There is no {noun.replace('-', ' ')} 'ZZ-000001'")


@pytest.mark.full
def test_a_refund_outside_stripe_is_recorded_and_what_is_paid_is_not_marked_paid_again(terminal: Terminal) -> None:
    _, invoice = bought(terminal)

    refund = terminal(
        "invoice", "refund", invoice, "--amount", "300", "--out-of-band-reference", "cash 1", "--json"
    ).data

    assert (refund["status"], refund["out_of_band_reference"]) == ("succeeded", "cash 1")
    assert_refused(
        terminal("invoice", "mark-paid", invoice, "--reference", "transfer 1"), "Only what is open can be paid"
    )


def test_links_for_cards_and_an_empty_list_of_mails(terminal: Terminal) -> None:
    customer = terminal.customer()

    link = terminal("customer", "card-link", customer, "--return-url", "https://app.example/", "--json").data["url"]
    portal = terminal("customer", "stripe-portal-link", customer, "--json").data["url"]

    assert "/checkout/" in link
    assert "/portal/" in portal
    assert terminal("mail", "list", "--customer", customer, "--json").data["mails"] == []
    assert_refused(terminal("mail", "show", "ffff0000"), "There is no mail")
    assert_refused(
        terminal("customer", "card-link", customer, "--return-url", "nowhere"), "return_url is written in another form"
    )


@pytest.mark.full
def test_an_invoice_is_issued_again_after_a_look_and_both_name_one_another(terminal: Terminal) -> None:
    _, invoice = bought(terminal)

    preview = terminal("invoice", "reissue", invoice, "--licenses", "8", "--preview")
    assert_refused(terminal("invoice", "reissue", invoice, "--line", "zz", "--licenses", "8"), "Name one line")
    made = terminal("invoice", "reissue", invoice, "--licenses", "8", "--reason", "agreed", "--json").data

    assert "USD 80 of the old invoice would be credited: USD 0 to the card, USD 80 to the balance." in preview.out
    assert "8 x USD 8 = USD 64 (corrected, 10 x USD 8 before)" in preview.out
    assert (made["total"], made["replaces_invoice_id"]) == (6400, invoice)
    assert f"It replaces {invoice}." in terminal("invoice", "explain", str(made["id"])).out
    assert str(made["id"]) in terminal("invoice", "show", invoice).out
    assert_refused(terminal("invoice", "reissue", invoice), "was issued again already")
