"""Who sells is kept in versions, an invoice keeps who sold and who bought, and numbers have no gaps."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from billflow.domain.errors import NotFound, Refused
from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.customers import ChangeContext, CustomerUpdate, NewCustomer
from billflow.models.contracts.documents import Logo
from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus, Issued
from billflow.models.contracts.records import InvoiceDetail, InvoiceFilter
from billflow.models.contracts.seller import SellerDocument
from billflow.models.tables import AuditLog, InvoiceRow, InvoiceSeriesRow
from billflow.store.invoices.issue import keep_parties
from billflow.store.session.rows import as_id
from tests.store.conftest import BEGIN, MONTHLY, Company, by

ADDRESS = {"street": "Lindenstr. 1", "postal_code": "10969", "city": "Berlin", "country": "DE"}
NUMBERED: dict[str, Any] = {"numbering": {"prefix": "INV"}}
LOGO = Logo(media_type="image/png", content=b"picture")


def seller(**given: Any) -> SellerDocument:
    """Return a seller in Berlin."""
    return SellerDocument.model_validate({"legal_name": "Muster GmbH", "address": ADDRESS, **given})


async def invoice(company: Company) -> InvoiceRef:
    """Return the invoice of a purchase, which is still to be issued."""
    customer = await company.customer()
    made = (await company.start(company.ask(customer))).invoices[0]
    return made.ref


async def issue(company: Company, ref: InvoiceRef) -> InvoiceDetail:
    """Bring an invoice to Stripe, which says that it has a number of Stripe's."""
    sent = await company.repositories.invoices.invoice_to_collect(ref)
    number = sent.number if sent.sequence is not None else "ABCD-0001"
    held = {"status": InvoiceStatus.OPEN, "number": number, "amount_due": 800, "amount_paid": 0}
    await company.repositories.invoices.record_issued(
        ref, Issued.model_validate({"stripe_invoice_id": f"in_{ref.invoice_id}", **held})
    )
    return await company.queries.invoices.get(ref.org_id, ref.invoice_id)


async def test_each_version_is_kept_and_what_changes_nothing_makes_none(company: Company) -> None:
    sellers = company.repositories.sellers
    assert (await sellers.get(company.org_id)).version == 0

    first = await sellers.apply(company.org_id, seller(), by())
    again = await sellers.apply(company.org_id, seller(), by("another"))
    second = await sellers.apply(company.org_id, seller(email="billing@muster.example"), by("another"))

    assert [(one.version, one.applied_by) for one in (first, again, second)] == [
        (1, "tester"),
        (1, "tester"),
        (2, "another"),
    ]
    async with company.database.unit_of_work(company.org_id) as session:
        entries = await session.scalars(select(AuditLog.detail).where(AuditLog.action == "seller.applied"))
        assert sorted(entry["version"] for entry in entries if entry) == [1, 2]


async def test_a_logo_is_for_a_seller_and_stays_until_another_one_or_none_is_wanted(company: Company) -> None:
    sellers, org_id = company.repositories.sellers, company.org_id
    with pytest.raises(Refused, match="no seller yet"):
        await sellers.set_logo(org_id, LOGO, by())

    await sellers.apply(org_id, seller(), by(), LOGO)
    later = await sellers.apply(org_id, seller(footer="Thank you"), by())

    assert (later.logo, await sellers.logo(org_id)) == ("image/png", LOGO)
    assert (await sellers.set_logo(org_id, None, by())).logo is None
    with pytest.raises(NotFound, match="no logo"):
        await sellers.logo(org_id)


async def test_an_invoice_keeps_who_sold_and_who_bought_when_it_was_issued(company: Company) -> None:
    sellers, org_id = company.repositories.sellers, company.org_id
    await sellers.apply(org_id, seller(), by(), LOGO)
    old, waiting = await issue(company, await invoice(company)), await invoice(company)
    customer = await company.queries.customers.get(org_id, old.customer_id)

    await company.repositories.customers.update(customer.ref, CustomerUpdate(name="Neu AG"), by())
    await sellers.apply(org_id, seller(legal_name="Neuer Verkäufer SE"), by())

    unchanged = await company.queries.invoices.get(org_id, old.invoice_id)
    assert unchanged == old.model_copy(update={"customer_name": "Neu AG"})
    assert unchanged.buyer is not None
    assert unchanged.buyer.name == "Muster GmbH"
    printed = await sellers.printed(org_id, unchanged.seller_version_id, is_issued=True)
    assert (printed.name, printed.logo) == ("Muster GmbH", LOGO)
    draft = await company.queries.invoices.get(org_id, waiting.invoice_id)
    assert (draft.buyer, draft.seller_version_id, draft.number) == (None, None, None)
    assert (await sellers.printed(org_id, None, is_issued=False)).name == "Neuer Verkäufer SE"


async def test_what_was_issued_before_there_was_a_seller_has_the_organizations_name_for_good(company: Company) -> None:
    old = await issue(company, await invoice(company))
    before = await company.repositories.sellers.printed(company.org_id, old.seller_version_id, is_issued=True)

    await company.repositories.sellers.apply(company.org_id, seller(), by())

    assert old.seller_version_id is None
    assert await company.repositories.sellers.printed(company.org_id, None, is_issued=True) == before
    assert (before.details, before.name.startswith("org-")) == (None, True)


async def test_ten_invoices_at_once_get_ten_numbers_without_a_gap(company: Company) -> None:
    await company.repositories.sellers.apply(company.org_id, seller(**NUMBERED), by())
    waiting = [await invoice(company) for _ in range(10)]

    issued = await asyncio.gather(*(issue(company, ref) for ref in waiting))

    assert sorted(str(one.number) for one in issued) == [f"INV-2026-{n:05d}" for n in range(1, 11)]
    again = [await company.repositories.invoices.invoice_to_collect(ref) for ref in waiting]
    assert [one.number for one in again] == [one.number for one in issued]


async def test_a_number_goes_back_with_the_transaction_that_took_it(company: Company) -> None:
    await company.repositories.sellers.apply(company.org_id, seller(**NUMBERED), by())
    lost, kept = await invoice(company), await invoice(company)

    with pytest.raises(RuntimeError):
        await _interrupted(company, lost)

    assert (await issue(company, kept)).number == "INV-2026-00001"
    assert (await issue(company, lost)).number == "INV-2026-00002"


async def _interrupted(company: Company, ref: InvoiceRef) -> None:
    async with company.database.unit_of_work(company.org_id) as session:
        row = await session.get_one(InvoiceRow, as_id(ref.invoice_id, "invoice"))
        await keep_parties(session, row)
        assert row.number == "INV-2026-00001"
        raise RuntimeError


async def test_an_invoice_is_found_by_its_number_and_keeps_it_when_it_is_void(company: Company) -> None:
    await company.repositories.sellers.apply(company.org_id, seller(**NUMBERED), by())
    issued = await issue(company, await invoice(company))

    await company.repositories.invoices.record_closed(issued.ref, InvoiceStatus.VOID, BEGIN)

    found = await company.queries.invoices.search(company.org_id, InvoiceFilter(number="inv-2026-00001"))
    assert [(one.invoice_id, one.status) for one in found.rows] == [(issued.invoice_id, InvoiceStatus.VOID)]
    assert (await issue(company, await invoice(company))).number == "INV-2026-00002"


async def test_an_invoice_that_stripe_has_lost_is_issued_anew_under_its_number(company: Company) -> None:
    await company.repositories.sellers.apply(company.org_id, seller(**NUMBERED), by())
    lost = await issue(company, await invoice(company))
    await company.repositories.sellers.apply(company.org_id, seller(legal_name="Neu SE", **NUMBERED), by())

    await company.repositories.invoices.replace_invoice(lost.ref, str(lost.stripe_invoice_id), BEGIN)
    anew = await issue(company, lost.ref)

    assert (anew.number, anew.buyer, anew.seller_version_id) == (lost.number, lost.buyer, lost.seller_version_id)
    assert (await issue(company, await invoice(company))).number == "INV-2026-00002"


async def test_each_year_and_each_prefix_has_a_series_unless_one_is_for_all_years(company: Company) -> None:
    sellers, org_id = company.repositories.sellers, company.org_id
    numbers = []
    for numbering in ({"prefix": "A"}, {"prefix": "B"}, {"prefix": "A"}, {"prefix": "A", "per_year": False}):
        await sellers.apply(org_id, seller(numbering=numbering), by())
        numbers.append((await issue(company, await invoice(company))).number)

    shown = await sellers.get(org_id)
    assert numbers == ["A-2026-00001", "B-2026-00001", "A-2026-00002", "A-00001"]
    assert [series.last for series in shown.series] == ["A-2026-00002", "B-2026-00001", "A-00001"]
    assert seller(**NUMBERED).numbering is not None
    dated = datetime(2027, 1, 1, tzinfo=UTC)
    assert seller(**NUMBERED).numbering.series(dated).number(7) == "INV-2027-00007"  # type: ignore[union-attr]


async def test_a_series_goes_on_from_elsewhere_and_never_back_nor_over_a_gap(company: Company) -> None:
    sellers, org_id = company.repositories.sellers, company.org_id

    def after(number: str) -> SellerDocument:
        return seller(numbering={"prefix": "INV", "continue_after": number})

    await sellers.apply(org_id, after("INV-2026-00100"), by())
    await sellers.apply(org_id, after("INV-2026-00123"), by())
    with pytest.raises(Refused, match="INV-2026-00123 is given already; leave it out"):
        await sellers.apply(org_id, after("INV-2026-00100"), by())
    assert (await issue(company, await invoice(company))).number == "INV-2026-00124"
    applied = await sellers.apply(org_id, after("INV-2026-00123"), by())

    for wrong in ("INV-2026-00100", "INV-2026-00200", "INV-2025-00500"):
        with pytest.raises(Refused, match="INV-2026-00124 is given already") as refusal:
            await sellers.apply(org_id, after(wrong), by())
        assert (refusal.value.code, refusal.value.field) == ("invoice_numbers_given", "numbering.continue_after")
    assert await sellers.get(org_id) == applied
    async with company.database.unit_of_work(org_id) as session:
        assert (await session.scalars(select(InvoiceSeriesRow.last))).one() == 124


async def test_ten_who_send_one_invoice_take_one_number_which_may_outgrow_its_digits(company: Company) -> None:
    grown = seller(numbering={"prefix": "INV", "continue_after": "INV-2026-99999"})
    await company.repositories.sellers.apply(company.org_id, grown, by())
    ref = await invoice(company)

    sent = await asyncio.gather(*(company.repositories.invoices.invoice_to_collect(ref) for _ in range(10)))

    assert {(one.sequence, one.number) for one in sent} == {(100_000, "INV-2026-100000")}
    async with company.database.unit_of_work(company.org_id) as session:
        assert (await session.scalars(select(InvoiceSeriesRow.last))).one() == 100_000


async def test_without_numbering_an_invoice_has_stripes_number(company: Company) -> None:
    await company.repositories.sellers.apply(company.org_id, seller(), by())

    issued = await issue(company, await invoice(company))

    assert issued.number == "ABCD-0001"


async def test_sent_invoices_are_due_as_the_seller_says(company: Company) -> None:
    terms = {"days_until_due": 30, "purchase_days_until_due": 7}
    await company.repositories.sellers.apply(company.org_id, seller(payment_terms=terms), by())
    sent = replace(MONTHLY, collection_method=CollectionMethod.SEND_INVOICE, licenses=3)
    customer = await company.customer()
    await company.seats(customer, BEGIN, 3)
    plan = await company.bought(customer, sent)
    await company.seats(customer, plan.due_at or BEGIN, 3)
    await company.close(plan)

    rows = (await company.queries.invoices.search(company.org_id, InvoiceFilter(plan_id=plan.plan_id))).rows
    assert [(one.due_at - one.issued_at).days for one in rows] == [30, 7]


async def test_a_new_customer_has_the_sellers_language_and_currency_unless_it_says_its_own(company: Company) -> None:
    defaults = {"default_language": "de-DE", "default_currency": "EUR"}
    await company.repositories.sellers.apply(company.org_id, seller(**defaults), by())

    made = await company.customer()
    change = ChangeContext(actor="tester", at=BEGIN)
    own = await company.repositories.customers.create(
        company.org_id, NewCustomer(name="Acme", email="own@acme.example", default_currency="USD"), change
    )

    assert (made.default_language, made.default_currency, made.billing_account.currency) == ("de-DE", "EUR", "EUR")
    assert (own.default_language, own.default_currency) == ("de-DE", "USD")
