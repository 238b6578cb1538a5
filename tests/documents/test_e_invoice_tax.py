"""E-invoices say by which category and rate everything is taxed, in numbers that add up, whatever the tax is."""

from decimal import Decimal
from pathlib import Path
from random import Random
from xml.etree.ElementTree import Element

import pytest
from facturx import xml_check_xsd

from billflow.documents.e_invoice import PROFILE, credit_note_e_invoice, e_invoice
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.proration import Derivation
from billflow.domain.tax.policy import Taxpayer
from billflow.models.contracts.customers import Buyer
from billflow.models.contracts.e_invoices import missing_for_e_invoice
from billflow.models.contracts.records import InvoiceDetail
from tests.documents.samples import MONTH, NO_TIME, buyer, changed_lines, invoice, line
from tests.documents.schematron import broken_rules
from tests.documents.taxed import (
    AT_19,
    CONTAINED,
    EXEMPT,
    EXEMPT_BY_LAW,
    NOWHERE,
    REVERSED,
    TWICE,
    ZERO,
    credited,
    taxed,
)
from tests.documents.test_adjustment_documents import NOTE
from tests.documents.test_e_invoice import EUROPEAN, elements, said

SELLER = EUROPEAN.model_copy(update={"vat_number": "DE136695976"})
ONE_EACH = (AT_19, CONTAINED, REVERSED, EXEMPT, EXEMPT_BY_LAW, ZERO, NOWHERE)


def of(who: Taxpayer) -> Buyer:
    """Return the buyer of the samples with the VAT number that a customer is taxed by."""
    return buyer("de-DE").model_copy(update={"tax_id": who.vat_number})


def written(who: Taxpayer, shown: InvoiceDetail | None = None) -> bytes:
    """Return the e-invoice of an invoice as a customer is taxed."""
    return e_invoice(taxed(who, shown), (of(who), SELLER))


def texts(element: Element) -> dict[str, str]:
    """Return the texts within an element, by their names."""
    return {one.tag.rpartition("}")[2]: one.text or "" for one in element}


@pytest.mark.parametrize(
    ("who", "category", "rate", "tax", "numbers"),
    [
        (AT_19, "S", "19", "2409.48", ["DE136695976"]),
        (CONTAINED, "S", "8.1", "950.23", ["DE136695976"]),
        (REVERSED, "AE", "0", "0.00", ["DE136695976", "FR83404833048"]),
        (EXEMPT, "E", "0", "0.00", ["DE136695976"]),
        (ZERO, "Z", "0", "0.00", ["DE136695976"]),
        (NOWHERE, "O", None, "0.00", []),
    ],
)
def test_a_document_has_one_category_with_its_rate_its_tax_and_the_vat_numbers(
    who: Taxpayer, category: str, rate: str | None, tax: str, numbers: list[str]
) -> None:
    xml = written(who)

    whole = texts(elements(xml, "ApplicableTradeTax")[-1])
    assert (whole["CategoryCode"], whole.get("RateApplicablePercent"), whole["CalculatedAmount"]) == (
        category,
        rate,
        tax,
    )
    assert set(said(xml, "CategoryCode")) == {category}
    assert said(xml, "TaxTotalAmount") == [tax]
    assert [texts(one)["ID"] for one in elements(xml, "SpecifiedTaxRegistration")] == numbers
    assert said(xml, "GrandTotalAmount") == [str(Decimal(taxed(who).total) / 100)]


def test_why_nothing_is_charged_is_said_in_the_buyers_language_or_by_the_seller() -> None:
    assert said(written(REVERSED), "ExemptionReason") == [
        "Steuerschuldnerschaft des Leistungsempfängers (Artikel 196 der Richtlinie 2006/112/EG)."
    ]
    assert said(written(EXEMPT), "ExemptionReason") == ["Steuerfrei."]
    assert said(written(EXEMPT_BY_LAW), "ExemptionReason") == ["Article 132 (1) (i)"]


def test_prices_that_contain_tax_are_told_without_it() -> None:
    xml = written(CONTAINED)

    *lines, whole = map(Decimal, said(xml, "LineTotalAmount"))
    quantities = map(Decimal, said(xml, "BilledQuantity"))
    assert sum(lines) == whole == Decimal(taxed(CONTAINED).total - 95023) / 100
    first = texts(elements(xml, "NetPriceProductTradePrice")[0])
    assert (first["ChargeAmount"], first["BasisQuantity"]) == (str(lines[0]), "1200")
    assert [quantity >= 0 for quantity in quantities] == [amount >= 0 for amount in lines]


def drawn(random: Random) -> InvoiceDetail:
    """Return an invoice over lines of any amount, some of which take off or go to the balance."""
    rows = tuple(
        line(n, LineKind.RENEWAL, "Team - renewal", Derivation(price=price, quantity=quantity, period=MONTH))
        for n, (price, quantity) in enumerate(
            ((random.randint(-3000, 99_999), random.randint(0, 99)) for _ in range(random.randint(1, 9))), 1
        )
    )
    if (below := sum(row.amount for row in rows)) < 0:
        rows += (line(99, LineKind.CREDIT_TO_BALANCE, "Credit", Derivation(price=-below, quantity=1, period=NO_TIME)),)
    return invoice("EUR").model_copy(update={"lines": rows, "balance_applied": random.choice((0, 0, 1700))})


@pytest.mark.full
def test_documents_drawn_at_random_keep_every_rule_under_every_tax(tmp_path: Path) -> None:
    random, every = Random(16931), dict[str, bytes]()
    for n in range(42):
        who = ONE_EACH[n % len(ONE_EACH)]
        shown = taxed(who, drawn(random))
        every[f"invoice {n}"] = e_invoice(shown, (of(who), SELLER))
        if shown.total > 1000:
            note = credited(NOTE, shown, random.randint(10, shown.total))
            every[f"credit note {n}"] = credit_note_e_invoice(note, shown, (of(who), SELLER))
    for xml in every.values():
        xml_check_xsd(xml, flavor="factur-x", level=PROFILE)

    found = broken_rules(every, tmp_path)

    assert {name: broken for name, broken in found.items() if broken} == {}
    assert sum(name.startswith("credit note") for name in every) > 20


@pytest.mark.full
def test_what_is_credited_at_the_end_of_a_plan_keeps_every_rule(tmp_path: Path) -> None:
    every = {
        str(n): written(who, invoice("EUR").model_copy(update={"lines": changed_lines()}))
        for n, who in enumerate(ONE_EACH)
    }

    assert broken_rules(every, tmp_path) == {name: [] for name in every}


def test_more_rates_than_one_or_a_tax_without_the_sellers_vat_number_are_none() -> None:
    nobody = SELLER.model_copy(update={"vat_number": None})

    assert missing_for_e_invoice(SELLER, of(TWICE), "EUR", taxed(TWICE).taxes) == (
        "There is no e-invoice: EN 16931 has one rate on each line, and here are 2."
    )
    assert "the seller had no vat_number" in str(missing_for_e_invoice(nobody, of(AT_19), "EUR", taxed(AT_19).taxes))
    assert missing_for_e_invoice(nobody, of(NOWHERE), "EUR", taxed(NOWHERE).taxes) is None
    assert missing_for_e_invoice(SELLER, of(AT_19), "EUR", taxed(AT_19).taxes) is None


def test_a_number_that_does_not_say_its_country_is_the_sellers_tax_number_and_not_the_buyers() -> None:
    australian = SELLER.model_copy(
        update={
            "vat_number": "51 824 753 556",
            "address": SELLER.address.model_copy(update={"country": "AU"}),
        }
    )

    xml = e_invoice(taxed(AT_19), (buyer("en-AU").model_copy(update={"tax_id": "53 004 085 616"}), australian))

    [number] = elements(xml, "SpecifiedTaxRegistration")
    assert [(one.get("schemeID"), one.text) for one in number] == [("FC", "51 824 753 556")]
