"""Texts reach Stripe in the lengths and forms of its reference, and the emulator holds everybody to them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest
import stripe

from billflow.domain.adjustments import RefundReason
from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.addresses import Address
from billflow.models.contracts.credits import CreditToPost
from billflow.models.contracts.tax_locations import TaxLocation
from billflow.payments.adjustments import StripeAdjustmentGateway
from billflow.payments.credits import transaction_params
from billflow.payments.customers import StripeCustomers
from billflow.payments.gateway import StripeGateway
from billflow.payments.requests import customer_params, invoice_params, line_params
from billflow.payments.stripe_adjustments import credit_note_params, refund_params
from billflow.payments.taxes import location_params, tax_id_params
from billflow.payments.texts import LENGTHS, MOST, fitted, statement_descriptor
from billflow.ports.payments import PaymentsRejected
from stripe_emulator.wire.lengths import length_of
from tests.payments.inputs import a_customer, an_invoice, issued, known, lines
from tests.payments.test_adjustments import a_note, a_refund

LONG = "Größe und Länge " * 400
NOW = datetime.now(UTC)
BERNE = TaxLocation(address=Address(country="CH"), tax_id_type="ch_vat", tax_id="CHE-107.787.577 MWST")
CREDIT = CreditToPost(credit_id="credit", amount=500, currency="USD", created_at=NOW)


def texts_of(value: object, path: str = "") -> Iterator[str]:
    """Yield the path of each text in a request, those of metadata left out."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name != "metadata":
                yield from texts_of(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_of(item, path)


def test_every_text_of_a_request_has_its_length_in_the_table() -> None:
    invoice = an_invoice(a_customer(), 1000, collection_method=CollectionMethod.SEND_INVOICE, days_until_due=15)
    refund = a_refund(invoice, 10)
    refund = refund.model_copy(update={"refund": refund.refund.model_copy(update={"reason": RefundReason.DUPLICATE})})
    requests: dict[str, object] = {
        "customer.create": customer_params(a_customer()),
        "customer.update": {"name": "Acme", "email": "a@acme.example", **location_params(BERNE)},
        "customer_tax_id.create": tax_id_params(BERNE),
        "invoice.create": invoice_params(invoice, "cus_1"),
        "invoice.update": {"metadata": {"billflow_out_of_band_reference": "transfer 1"}},
        "invoice.add_lines": {"lines": line_params(invoice)},
        "credit_note.create": {
            **credit_note_params(a_note(invoice, 0, 5, 5), "in_1"),
            "lines": [{"type": "custom_line_item", "description": "x"}],
        },
        "refund.create": refund_params(refund, "pi_1", 10),
        "customer_balance_transaction.create": transaction_params(CREDIT),
        "checkout.session.create": {"mode": "setup", "customer": "cus", "currency": "usd", "success_url": "https://a"},
        "billing_portal.session.create": {"customer": "cus", "return_url": "https://a"},
    }

    assert {name: set(texts_of(request)) for name, request in requests.items()} == {
        name: set(paths) for name, paths in LENGTHS.items()
    }


def test_no_text_is_longer_here_than_at_the_emulator() -> None:
    ours = {(name, path): length.most for name, paths in LENGTHS.items() for path, length in paths.items()}

    assert {key for key, most in ours.items() if most > length_of(*key)} == set()
    assert {key for key, most in ours.items() if most < length_of(*key)} == {("invoice.add_lines", "lines.description")}


@pytest.mark.parametrize(("operation", "path"), [(name, path) for name, paths in LENGTHS.items() for path in paths])
def test_a_text_of_any_length_fits_or_is_refused(operation: str, path: str) -> None:
    length = LENGTHS[operation][path]
    first, _, second = path.partition(".")
    request: dict[str, object] = {first: [{second: LONG}]} if second else {first: LONG}

    if not length.cut:
        with pytest.raises(PaymentsRejected, match=f"at most {length.most} of {path} in {operation}"):
            fitted(operation, request)
        return
    fit = fitted(operation, request)
    shown = fit[first][0][second] if second else fit[first]  # type: ignore[index]
    assert len(str(shown)) in (length.most - 1, length.most)
    assert str(shown).endswith("…")


@pytest.mark.parametrize(
    "metadata", [{"k" * 41: "v"}, {"k": "v" * 501}, {f"k{n}": "v" for n in range(51)}], ids=["key", "value", "pairs"]
)
def test_metadata_beyond_stripes_limits_is_refused(metadata: dict[str, str]) -> None:
    with pytest.raises(PaymentsRejected, match=r"metadata") as refused:
        fitted("invoice.create", {"metadata": metadata})
    assert refused.value.code == "too_long"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Cloud Standard", "Cloud Standard"),
        ("Self-hosted Business with everything", "Self-hosted Business w"),
        ("Größe Zürich", "Groe Zurich"),
        ("Plus", None),
        ("12345678", None),
        ("<Team> \"A\" * 'B'", "Team A B"),
        ("чат для команд", None),
    ],
)
def test_a_card_statement_shows_five_to_22_latin_characters_and_not_only_digits(text: str, shown: str | None) -> None:
    assert statement_descriptor(text) == shown


async def test_long_texts_are_cut_on_their_way_and_taken_by_stripe(
    gateway: StripeGateway, client: stripe.StripeClient
) -> None:
    customer = await known(gateway, name=LONG[:500], email=f"{'a' * 300}@customers.example")
    await StripeCustomers(client).rename(customer)
    await gateway.post_credit(customer, CREDIT)
    described = lines(9000)[0].model_copy(update={"description": LONG})
    invoice = an_invoice(customer, 9000, lines=(described,), statement_descriptor="Größe " * 9)
    taken = await issued(gateway, invoice)
    note = a_note(taken, 500, 0, 0)
    note = note.model_copy(update={"note": note.note.model_copy(update={"memo": LONG})})

    answer = await StripeAdjustmentGateway(client).create(note)

    held = await client.v1.customers.retrieve_async(str(customer.stripe_customer_id))
    assert len(str(held.name)) == 256
    assert answer.stripe_id is not None
    assert (await client.v1.invoices.retrieve_async(str(taken.stripe_invoice_id))).statement_descriptor == (
        "Groe Groe Groe Groe Gr"
    )


@pytest.mark.parametrize(
    ("path", "params", "named"),
    [
        ("/v1/customers", {"name": "n" * 257}, "name"),
        ("/v1/customers", {"email": f"{'a' * 500}@customers.example"}, "email"),
        ("/v1/customers", {"email": "nobody"}, "email"),
        ("/v1/customers", {"phone": "1" * 21}, "phone"),
        ("/v1/customers", {"invoice_prefix": "abc"}, "invoice_prefix"),
        ("/v1/customers", {"invoice_prefix": "A" * 13}, "invoice_prefix"),
        ("/v1/customers", {"address": {"line1": "x" * (MOST + 1)}}, "address[line1]"),
        ("/v1/customers", {"metadata": {"k" * 41: "v"}}, f"metadata[{'k' * 41}]"),
        ("/v1/invoices", {"customer": "CUSTOMER", "description": "d" * 1501}, "description"),
        ("/v1/invoices", {"customer": "CUSTOMER", "statement_descriptor": "Plus"}, "statement_descriptor"),
        ("/v1/invoices", {"customer": "CUSTOMER", "statement_descriptor": "Plus * 22"}, "statement_descriptor"),
        ("/v1/invoices", {"customer": "CUSTOMER", "statement_descriptor": "s" * 23}, "statement_descriptor"),
        (
            "/v1/invoices",
            {"customer": "CUSTOMER", "collection_method": "send_invoice", "days_until_due": -1},
            "days_until_due",
        ),
        (
            "/v1/customers/CUSTOMER/balance_transactions",
            {"amount": 1, "currency": "usd", "description": "d" * 351},
            "description",
        ),
    ],
)
async def test_the_emulator_refuses_what_stripes_reference_does_not_allow(
    gateway: StripeGateway, client: stripe.StripeClient, path: str, params: dict[str, object], named: str
) -> None:
    customer = str((await known(gateway)).stripe_customer_id)
    asked = {name: customer if value == "CUSTOMER" else value for name, value in params.items()}

    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.raw_request_async("post", path.replace("CUSTOMER", customer), **asked)

    assert refused.value.param == named
