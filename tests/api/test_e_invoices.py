"""E-invoices over HTTP: of what is issued while they are switched on, refused with the reason where there is none."""

from collections.abc import AsyncIterator

import pytest
from facturx import get_facturx_xml_from_pdf, xml_check_xsd

from tests.api.shop import TEAM, Shop, opened
from tests.api.test_seller import SELLER, pdf, sent_purchase
from tests.api_environment import ApiEnvironment
from tests.documents.test_e_invoice import said

NO_COUNTRY = "There is no e-invoice: the customer's billing_address had no country when the invoice was issued."


@pytest.fixture
async def shop(env: ApiEnvironment) -> AsyncIterator[Shop]:
    """Yield an organization of its own, which issues e-invoices."""
    async with opened(env) as shop:
        await shop.sells(team=TEAM)
        await shop.asked("PUT", "/seller", **SELLER, e_invoice=True)
        yield shop


async def test_an_invoice_and_its_credit_note_are_e_invoices_for_good(shop: Shop) -> None:
    invoice = await sent_purchase(shop)
    path = f"/api/v1/invoices/{invoice['id']}"
    assert (invoice["e_invoice"], invoice["e_invoice_missing"]) == (True, None)

    given = await shop.api.get(f"{path}/e-invoice")
    note = await shop.asked("POST", f"/invoices/{invoice['id']}/credit-notes", amount=500, memo="Sorry.")
    await shop.asked("PUT", "/seller", legal_name="Neu SE", address=SELLER["address"])
    await shop.asked("PATCH", f"/customers/{invoice['customer_id']}", billing_address=None)
    credited = await shop.api.get(f"/api/v1/credit-notes/{note['id']}/e-invoice")

    assert given.headers["content-type"] == "application/xml"
    assert given.headers["content-disposition"] == f"inline; filename*=UTF-8''{invoice['number']}.xml"
    assert (said(given.content, "ID")[1], said(given.content, "TypeCode")[0]) == (invoice["number"], "380")
    assert "Käufer AG" in said(given.content, "Name")
    assert (said(credited.content, "ID")[1], said(credited.content, "TypeCode")[0]) == (note["number"], "381")
    for xml in (given.content, credited.content):
        xml_check_xsd(xml, flavor="factur-x", level="en16931")
    assert (await shop.api.get(f"{path}/e-invoice")).content == given.content
    assert get_facturx_xml_from_pdf((await pdf(shop, invoice))[0])[1] == given.content
    printed = await shop.api.get(f"/api/v1/credit-notes/{note['id']}/pdf")
    assert get_facturx_xml_from_pdf(printed.content)[1] == credited.content


@pytest.mark.full
async def test_a_customer_without_a_country_is_billed_all_the_same_and_the_invoice_says_why(shop: Shop) -> None:
    customer_id, clock_id = await shop.customer(4, 0)
    plan = await shop.plan(customer_id, clock_id, collection_method="send_invoice", licenses=4)
    [listed] = (await shop.asked("GET", f"/plans/{plan['id']}/invoices"))["invoices"]

    invoice = await shop.asked("GET", f"/invoices/{listed['id']}")
    refused = await shop.api.get(f"/api/v1/invoices/{invoice['id']}/e-invoice")

    assert (invoice["status"], invoice["e_invoice"], invoice["e_invoice_missing"]) == ("open", False, NO_COUNTRY)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_e_invoice")
    assert refused.json()["detail"] == NO_COUNTRY
    assert b"factur-x.xml" not in (await pdf(shop, invoice))[0]
