"""E-invoices are valid by EN 16931's schema and its rules, and say what was issued whatever happens later."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from facturx import xml_check_xsd
from hypothesis import given
from hypothesis import strategies as st

from billflow.documents.e_invoice import PROFILE, credit_note_e_invoice, e_invoice
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.plan import CollectionMethod
from billflow.domain.proration import Derivation
from billflow.models.contracts.customers import Buyer
from billflow.models.contracts.e_invoices import missing_for_e_invoice
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.seller import SellerDocument
from tests.documents.samples import MONTH, SELLER, SEPA, adjusted, buyer, changed_lines, customer, invoice, line
from tests.documents.schematron import broken_rules
from tests.documents.test_adjustment_documents import NOTE

assert SELLER.details
SWISS: SellerDocument = SELLER.details.model_copy(update={"e_invoice": True})
EUROPEAN = SWISS.model_copy(update={"bank": SEPA})
BY_CARD = {"collection_method": CollectionMethod.CHARGE_AUTOMATICALLY}
LINES = changed_lines()
CHANGED = {"lines": LINES, "total": sum(one.amount for one in LINES), "balance_applied": -350}
WITHOUT_LINES = NOTE.model_copy(update={"lines": (), "memo": None})
COMPANY = {"company": {"legal_name": "Müller \x0b& Söhne", "tax_id": "DE136695976", "address": {"country": "de"}}}

EVERY = {
    "sent in francs": e_invoice(invoice(), (buyer("de-CH"), SWISS)),
    "sent in euros": e_invoice(invoice("EUR"), (buyer("fr-FR"), EUROPEAN)),
    "in yen, for another": e_invoice(invoice("JPY"), (buyer("ja-JP"), SWISS), replaces="ACME-0041"),
    "sent, without a bank": e_invoice(invoice("USD"), (buyer("en-US"), SWISS.model_copy(update={"bank": None}))),
    "charged": e_invoice(invoice("EUR").model_copy(update=BY_CARD), (buyer("it-IT"), EUROPEAN)),
    "credits among its lines": e_invoice(invoice().model_copy(update=CHANGED), (buyer("en-US"), SWISS)),
    "of a company": e_invoice(
        invoice(),
        (Buyer.of(customer("de-DE").model_copy(update={"billing_address": None, "settings": COMPANY})), SWISS),
    ),
    "by a seller with one number": e_invoice(
        invoice(), (buyer("de-CH"), SWISS.model_copy(update={"registration_number": None}))
    ),
    "credit note over lines": credit_note_e_invoice(NOTE, adjusted(), (buyer("de-DE"), SWISS)),
    "credit note over an amount": credit_note_e_invoice(WITHOUT_LINES, adjusted(), (buyer("fr-FR"), SWISS)),
}


def said(xml: bytes, name: str) -> list[str]:
    """Return the texts of all elements of a name, in order."""
    return [(one.text or "").strip() for one in elements(xml, name)]


def elements(xml: bytes, name: str) -> list[Element]:
    """Return all elements of a name, in order."""
    return [one for one in fromstring(xml).iter() if one.tag.rpartition("}")[2] == name]


@pytest.mark.parametrize("name", EVERY)
def test_an_e_invoice_is_valid_by_the_schema(name: str) -> None:
    assert xml_check_xsd(EVERY[name], flavor="factur-x", level=PROFILE)
    assert said(EVERY[name], "GuidelineSpecifiedDocumentContextParameter") == [""]
    assert said(EVERY[name], "ID")[0] == "urn:cen.eu:en16931:2017"


def test_an_e_invoice_keeps_every_rule_of_the_norm_and_a_fault_is_found(tmp_path: Path) -> None:
    right = EVERY["sent in euros"]
    vat_number = (
        b"<ram:SpecifiedTaxRegistration><ram:ID schemeID='VA'>DE136695976</ram:ID></ram:SpecifiedTaxRegistration>"
    )
    wrong = {
        "BR-CO-13": right.replace(b"<ram:TaxBasisTotalAmount>12681.48", b"<ram:TaxBasisTotalAmount>12681.47"),
        "BR-CO-16": right.replace(b"<ram:TotalPrepaidAmount>50.00", b"<ram:TotalPrepaidAmount>49.00"),
        "BR-O-02": right.replace(b"</ram:SellerTradeParty>", vat_number + b"</ram:SellerTradeParty>"),
    }

    found = broken_rules(EVERY | wrong, tmp_path)

    assert {name: found[name] for name in EVERY} == {key: [] for key in EVERY}
    for rule in wrong:
        assert any(rule in sentence for sentence in found[rule]), found[rule]


def test_it_says_who_bills_whom_for_what_and_when() -> None:
    xml = EVERY["sent in euros"]

    assert said(xml, "ID")[1:] == ["ACME-0042", "Handelsregister des Kantons Zürich"]
    assert said(xml, "TypeCode")[0] == "380"
    assert said(xml, "URIID") == ["rechnungen@uebersee.example", "rechnung@mueller.example"]
    assert (said(xml, "CountryID"), said(xml, "CityName")) == (["CH", "DE"], ["Zürich", "Berlin"])
    paid = ("IBANID", "BICID", "PaymentReference", "InvoiceCurrencyCode")
    assert [said(xml, name) for name in paid] == [["DE89370400440532013000"], ["COBADEFFXXX"], ["ACME-0042"], ["EUR"]]
    days = said(xml, "DateTimeString")
    assert (days[0], days[-4:]) == ("20260301", ["20260331", "20260301", "20260331", "20260331"])
    assert said(xml, "LineTotalAmount") == ["12600.00", "16.26", "3.88", "18.00", "83.34", "-40.00", "12681.48"]
    assert said(xml, "BilledQuantity") == ["1200", "3", "1", "2", "1", "-1"]
    assert said(xml, "ChargeAmount") == ["10.50", "5.42", "3.88", "9.00", "83.34", "40.00"]
    assert (said(xml, "TotalPrepaidAmount"), said(xml, "DuePayableAmount")) == (["50.00"], ["12631.48"])


def test_a_credit_note_names_its_invoice_its_lines_and_where_the_money_went() -> None:
    xml = EVERY["credit note over lines"]

    assert (said(xml, "ID")[1], said(xml, "TypeCode")[0]) == ("CN-000007", "381")
    assert said(xml, "IssuerAssignedID") == ["ACME-0042"]
    assert said(xml, "LineTotalAmount") == ["15.00", "30.00", "45.00"]
    assert said(xml, "Content") == ["Two seats too many."]
    [where] = [text for text in said(xml, "Description") if "10,00" in text]
    assert where.startswith("Auf den offenen Betrag angerechnet: 10,00")
    assert said(EVERY["credit note over an amount"], "Name")[0] == "Facture ACME-0042"


def test_what_goes_to_the_balance_is_no_line_but_paid_below_nothing() -> None:
    xml = EVERY["credits among its lines"]

    *lines, whole = map(Decimal, said(xml, "LineTotalAmount"))
    assert len(lines) == len(LINES) - 1
    assert sum(lines) == whole == Decimal(int(str(CHANGED["total"])) - 224) / 100
    assert said(xml, "TotalPrepaidAmount") == ["-5.74"]
    assert said(xml, "DuePayableAmount") == [str(whole + Decimal("5.74"))]


def test_a_company_is_named_by_its_settings_without_what_xml_cannot_hold() -> None:
    xml = EVERY["of a company"]

    assert "Müller & Söhne" in said(xml, "Name")
    assert said(xml, "CountryID") == ["CH", "DE"]


def test_what_is_paid_or_credited_later_changes_nothing() -> None:
    before = e_invoice(invoice(), (buyer("de-CH"), SWISS))

    assert e_invoice(adjusted(), (buyer("de-CH"), SWISS)) == before
    assert e_invoice(invoice(status=InvoiceStatus.VOID), (buyer("de-CH"), SWISS)) == before


@given(st.lists(st.tuples(st.integers(-100_000, 1_000_000), st.integers(0, 10_000)), min_size=1, max_size=30))
def test_lines_add_up_to_the_total_whatever_they_are_over(charges: list[tuple[int, int]]) -> None:
    rows = tuple(
        line(n, LineKind.RENEWAL, "Team - renewal", Derivation(price=price, quantity=quantity, period=MONTH))
        for n, (price, quantity) in enumerate(charges, 1)
    )
    total = sum(row.amount for row in rows)

    xml = e_invoice(invoice().model_copy(update={"lines": rows, "total": total}), (buyer("de-CH"), SWISS))

    xml_check_xsd(xml, flavor="factur-x", level=PROFILE)
    *amounts, whole = map(Decimal, said(xml, "LineTotalAmount"))
    quantities, prices = (list(map(Decimal, said(xml, name))) for name in ("BilledQuantity", "ChargeAmount"))
    assert sum(amounts) == whole == Decimal(total) / 100
    assert [quantity * price for quantity, price in zip(quantities, prices, strict=True)] == amounts
    assert min(prices) >= 0


def test_documents_are_written_in_threads_at_the_same_time() -> None:
    def written(_: int) -> bytes:
        return e_invoice(invoice(), (buyer("de-CH"), SWISS))

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(written, range(64))) == {EVERY["sent in francs"]}


@pytest.mark.parametrize(
    ("change", "currency", "why"),
    [
        ({}, "EUR", None),
        ({"address": {"country": "de"}}, "EUR", None),
        ({"address": {"street": "Königstraße 1"}}, "EUR", "billing_address had no country"),
        ({"address": {"country": "Germany"}}, "EUR", "billing_address had no country"),
        ({"address": "Königstraße 1, Berlin"}, "EUR", "billing_address had no country"),
        ({"address": None}, "EUR", "billing_address had no country"),
        ({}, "KWD", "KWD has three"),
    ],
    ids=str,
)
def test_an_invoice_that_can_be_none_says_why(change: dict[str, object], currency: str, why: str | None) -> None:
    found = missing_for_e_invoice(SWISS, buyer("de-DE").model_copy(update=change), currency, ())

    assert found is None if why is None else why in str(found)


def test_an_invoice_of_somebody_erased_can_be_none() -> None:
    assert missing_for_e_invoice(SWISS, None, "EUR", ()) == "There is no e-invoice: the customer's data were erased."


def test_a_seller_without_a_number_is_refused_e_invoices() -> None:
    nobody = SWISS.model_dump(exclude={"vat_number", "registration_number"})

    with pytest.raises(ValueError, match="add vat_number or registration_number, or leave it out"):
        SellerDocument.model_validate(nobody)
    assert SellerDocument.model_validate(nobody | {"registration_number": "HRB 1"}).e_invoice
    assert not SellerDocument.model_validate(nobody | {"e_invoice": False}).e_invoice
