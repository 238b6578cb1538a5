"""An invoice with every kind of line, and customers that read it in their languages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from billflow.domain.calendar import Period
from billflow.domain.catalog import Hosting
from billflow.domain.invoicing.draft import InvoiceKind, LineKind
from billflow.domain.money import Rounding
from billflow.domain.plan import CollectionMethod
from billflow.domain.proration import Derivation, prorated
from billflow.models.contracts.customers import (
    BillingAccountRecord,
    Buyer,
    CustomerPricing,
    CustomerRecord,
    CustomerStatus,
    Deployment,
    DeploymentKind,
)
from billflow.models.contracts.documents import Seller
from billflow.models.contracts.invoice_adjustments import AdjustmentKind, InvoiceAdjustment
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.records import InvoiceDetail, LineRecord
from billflow.models.contracts.seller import BankDetails, SellerAddress, SellerDocument

ISSUED = datetime(2026, 3, 1, tzinfo=UTC)
MONTH = Period(ISSUED, datetime(2026, 4, 1, tzinfo=UTC))
SELLER = Seller(
    name="Übersee Software AG",
    details=SellerDocument(
        legal_name="Übersee Software AG",
        address=SellerAddress(street="Rämistrasse 7", postal_code="8001", city="Zürich", country="CH"),
        vat_number="CHE-107.787.577 MWST",
        registration_number="Handelsregister des Kantons Zürich",
        email="rechnungen@uebersee.example",
        footer="Verwaltungsrat: Erika Mustermann",
        bank=BankDetails(
            account_holder="Übersee Software AG", iban="CH9300762011623852957", bic="POFICHBEXXX", bank="PostFinance"
        ),
    ),
)
NO_TIME = Period(MONTH.end, MONTH.end)

SEPA = BankDetails(account_holder="Übersee Software AG", iban="DE89370400440532013000", bic="COBADEFFXXX")


def line(n: int, kind: LineKind, description: str, derivation: Derivation) -> LineRecord:
    """Return a line as the records show it."""
    return LineRecord(
        line_id=f"line-{n}",
        n=n,
        kind=kind,
        description=description,
        quantity=derivation.quantity,
        unit_amount=derivation.unit_amount,
        amount=derivation.amount,
        period_start=derivation.period.start,
        period_end=derivation.period.end,
        derivation=derivation,
        entries=(n,),
    )


def lines() -> tuple[LineRecord, ...]:
    """Return one line of each kind, their derivations as steps write them."""
    tier, half = "Cloud Standard", Period(datetime(2026, 3, 16, tzinfo=UTC), MONTH.end)
    odd = Period(datetime(2026, 3, 20, 13, 7, 9, tzinfo=UTC), MONTH.end)
    return (
        line(1, LineKind.RENEWAL, f"{tier} - renewal", Derivation(price=1050, quantity=1200, period=MONTH)),
        line(
            2, LineKind.ADDITIONAL_LICENSES, f"Additional {tier} license", prorated(1050, 3, charged=half, cycle=MONTH)
        ),
        line(
            3, LineKind.ADDITIONAL_LICENSES, f"Additional {tier} license", prorated(1050, 1, charged=odd, cycle=MONTH)
        ),
        line(4, LineKind.INITIAL_UPGRADE, tier, Derivation(price=900, quantity=2, period=MONTH, percent_off="12.5")),
        line(
            5,
            LineKind.FIXED_PRICE_RENEWAL,
            f"{tier} - renewal",
            Derivation(
                price=100_000,
                quantity=1,
                denominator=12,
                rounding=Rounding.UP,
                period=MONTH,
                note="instalment 4 of 12",
            ),
        ),
        line(
            6,
            LineKind.FLAT_DISCOUNT,
            "USD 20 per month new customer discount",
            Derivation(price=-2000, quantity=1, numerator=2, period=MONTH, note="2 discounted months"),
        ),
    )


def changed_lines() -> tuple[LineRecord, ...]:
    """Return the lines of an end date that moved earlier, and of a discount that is larger than the bill."""
    tier, odd = "Cloud Standard", Period(datetime(2026, 3, 20, 13, 7, 9, tzinfo=UTC), MONTH.end)
    return (
        line(
            1,
            LineKind.END_DATE_CHANGE,
            f"Additional {tier} license, end date moved",
            replace(prorated(1050, 2, charged=odd, cycle=MONTH), less=500),
        ),
        line(2, LineKind.CREDIT_TO_BALANCE, "Credit to the balance", Derivation(price=224, quantity=1, period=odd)),
        line(3, LineKind.FLAT_DISCOUNT, "Discount", Derivation(price=-2000, quantity=1, less=-1300, period=MONTH)),
        line(4, LineKind.ITEM, "Additional training", Derivation(price=12_000, quantity=3, period=NO_TIME)),
        line(5, LineKind.ADD_ON, "Storage", Derivation(price=500, quantity=3, period=MONTH)),
        line(6, LineKind.ADDITIONAL_ADD_ON, "Additional Storage", prorated(500, 2, charged=odd, cycle=MONTH)),
        line(
            7,
            LineKind.ADD_ON_END_DATE_CHANGE,
            "Additional Storage, end date moved",
            replace(prorated(500, 2, charged=odd, cycle=MONTH), less=100),
        ),
    )


def invoice(currency: str = "CHF", status: InvoiceStatus = InvoiceStatus.OPEN, repeat: int = 1) -> InvoiceDetail:
    """Return an invoice over all lines, *repeat* times, of which 50.00 were covered by a credit."""
    rows = lines() * repeat
    total = sum(row.amount for row in rows)
    return InvoiceDetail(
        org_id="org",
        invoice_id="8a30d2c4-0000-4000-8000-000000000000",
        plan_id="plan",
        customer_id="customer",
        customer_name="Muster GmbH",
        kind=InvoiceKind.RECURRING,
        status=status,
        collection_method=CollectionMethod.SEND_INVOICE,
        total=total,
        currency=currency,
        issued_at=ISSUED,
        number="ACME-0042",
        due_at=ISSUED + timedelta(days=30),
        auto_advance=True,
        statement_descriptor="CLOUD",
        flat_discount_months=2,
        licenses=None,
        stripe_invoice_id="in_1",
        hosted_invoice_url="https://pay.example/i/1?a=1&b=2",
        balance_applied=5000,
        amount_due=total - 5000,
        amount_paid=0,
        credited=0,
        refunded=0,
        net_paid=0,
        still_due=total - 5000 if status is InvoiceStatus.OPEN else 0,
        paid_at=None,
        voided_at=None,
        attempts=1,
        next_attempt_at=None,
        last_outcome=None,
        lines=rows,
        payment_attempts=(),
    )


def adjusted() -> InvoiceDetail:
    """Return an invoice that was lowered by 5.00 while it was open, paid, credited over 20.00 and refunded 10.00.

    Of the 20.00 the card got 15.00 and the balance 5.00.
    """
    shown, day = invoice(status=InvoiceStatus.PAID), timedelta(days=1)
    note = InvoiceAdjustment(kind=AdjustmentKind.CREDIT_NOTE, adjustment_id="n", at=ISSUED, amount=0)
    entries = (
        {"amount": 500, "before_payment": 500, "reason": "order_change", "memo": "Two seats too many"},
        {"amount": 2000, "balance_amount": 500, "reason": "product_unsatisfactory"},
        {"amount": 1500, "kind": AdjustmentKind.REFUND, "credit_note_id": "n"},
        {"amount": 1000, "kind": AdjustmentKind.REFUND, "reason": "requested_by_customer"},
    )
    made = (note.model_copy(update={"at": ISSUED + n * day, **entry}) for n, entry in enumerate(entries, 1))
    paid = shown.total - shown.balance_applied - 500
    money = {"amount_paid": paid, "paid_at": ISSUED + day, "credited": 2500, "refunded": 2500, "net_paid": paid - 2500}
    return shown.model_copy(update={**money, "adjustments": tuple(made)})


def customer(language: str, name: str = "Müller & Söhne <GmbH>") -> CustomerRecord:
    """Return a customer that reads in *language*."""
    account = BillingAccountRecord(
        billing_account_id="account",
        name="default",
        is_default=True,
        currency="CHF",
        collection_method=CollectionMethod.SEND_INVOICE,
        invoice_email="rechnung@mueller.example",
        stripe_customer_id="cus_1",
    )
    return CustomerRecord(
        org_id="org",
        customer_id="customer",
        name=name,
        email="info@mueller.example",
        status=CustomerStatus.ACTIVE,
        suspended_at=None,
        deployment=Deployment(kind=DeploymentKind.REALM, name="mueller"),
        deployment_id="realm",
        hosting=Hosting.CLOUD,
        erp_customer_number=None,
        default_currency="CHF",
        default_language=language,
        billing_address={"street": "Königstraße 1", "postal_code": "10115", "city": "Berlin", "country": "DE"},
        shipping_address=None,
        metadata={},
        settings={},
        pricing=CustomerPricing(),
        billing_account=account,
        created_at=ISSUED,
        updated_at=ISSUED,
    )


def buyer(language: str, name: str = "Müller & Söhne <GmbH>") -> Buyer:
    """Return that customer as an invoice is issued to it."""
    return Buyer.of(customer(language, name))
