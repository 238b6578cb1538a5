"""What the server makes of requests that are not quite right, and of lists, metadata and expansion."""

from typing import Any

import httpx
import pytest
import stripe
from stripe import StripeClient

from stripe_emulator.server import StripeEmulator
from tests.stripe_emulator.flows import customer_with, draft
from tests.waiting import PATIENCE

AUTH = {"Authorization": "Bearer sk_test_wire"}


@pytest.fixture
def http(emulator: StripeEmulator) -> httpx.Client:
    return httpx.Client(base_url=emulator.url, headers=AUTH, timeout=PATIENCE)


def post(http: httpx.Client, path: str, **data: str) -> tuple[int, dict[str, Any]]:
    with http:
        answer = http.post(path, content=str(httpx.QueryParams(data)))
    return answer.status_code, answer.json().get("error", {})


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer sk_live_x", "Bearer pk_test_x", "Basic !", "Digest x"])
def test_only_secret_test_keys_are_let_in(emulator: StripeEmulator, header: str) -> None:
    answer = httpx.get(
        f"{emulator.url}/v1/customers", headers={"Authorization": header} if header else {}, timeout=PATIENCE
    )

    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_basic_authentication_carries_the_key_as_its_user(emulator: StripeEmulator) -> None:
    assert httpx.get(f"{emulator.url}/v1/customers", auth=("sk_test_wire", ""), timeout=PATIENCE).status_code == 200


def test_another_api_version_is_refused(http: httpx.Client) -> None:
    with http:
        answer = http.get("/v1/customers", headers={"Stripe-Version": "2024-06-20"})

    assert answer.status_code == 400
    assert "2026-10-28.endive" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "data", "code", "param"),
    [
        ("/v1/customers", {"colour": "red"}, "parameter_unknown", "colour"),
        ("/v1/customers", {"address[colour]": "red"}, "parameter_unknown", "address[colour]"),
        ("/v1/customers", {"balance": "1.5"}, "parameter_invalid_integer", "balance"),
        ("/v1/customers", {"balance": "9" * 19}, "parameter_invalid_integer", "balance"),
        ("/v1/customers", {"metadata[" + "k" * 41 + "]": "v"}, None, "metadata[" + "k" * 41 + "]"),
        ("/v1/customers", {"metadata[k]": "v" * 501}, None, "metadata[k]"),
        ("/v1/customers", {"name": "n" * 5001}, None, "name"),
        ("/v1/customers", {"tax_exempt": "perhaps"}, None, "tax_exempt"),
        ("/v1/customers", {"a[b": "1"}, None, "a[b"),
        ("/v1/customers", {"email": "x", "email[y]": "z"}, None, "email[y]"),
        ("/v1/invoices", {}, "parameter_missing", "customer"),
        ("/v1/invoices", {"customer": "cus_x", "currency": "USD"}, None, "currency"),
        ("/v1/invoices", {"customer": "cus_x", "auto_advance": "yes"}, None, "auto_advance"),
        ("/v1/invoices", {"customer": "cus_x", "days_until_due": "3"}, None, "days_until_due"),
        ("/v1/invoices", {"customer": "cus_x", "collection_method": "send_invoice"}, "parameter_missing", None),
        ("/v1/invoices", {"customer": "cus_x", "statement_descriptor": "123"}, None, "statement_descriptor"),
        ("/v1/invoices/in_x/add_lines", {}, "parameter_missing", "lines"),
        ("/v1/invoices/in_x/add_lines", {"lines[0][amount]": "1", "lines[0][price_data][currency]": "usd"}, None, None),
        ("/v1/payment_intents", {"amount": "100", "currency": "usd", "payment_method_types[]": "card"}, None, None),
    ],
)
def test_parameters_that_do_not_fit_are_refused_by_name(
    http: httpx.Client, path: str, data: dict[str, str], code: str | None, param: str | None
) -> None:
    status, error = post(http, path, **data)

    assert (status, error["type"]) == (400, "invalid_request_error")
    assert code in (None, error.get("code"))
    assert param in (None, error.get("param"))


def test_paths_that_are_not_of_the_contract_are_unrecognized(http: httpx.Client) -> None:
    status, error = post(http, "/v1/quotes")

    assert status == 404
    assert error["message"].startswith("Unrecognized request URL")


def test_metadata_is_merged_removed_by_key_and_cleared(client: StripeClient) -> None:
    customer = client.v1.customers.create({"metadata": {"a": "1", "b": "2"}})
    merged = client.v1.customers.update(customer.id, {"metadata": {"b": "", "c": "3"}})
    cleared = client.v1.customers.update(customer.id, {"metadata": ""})

    assert merged.to_dict()["metadata"] == {"a": "1", "c": "3"}
    assert cleared.to_dict()["metadata"] == {}


def test_lists_page_from_the_newest_in_both_directions(client: StripeClient) -> None:
    ids = [client.v1.customers.create({}).id for _ in range(5)][::-1]

    first = client.v1.customers.list({"limit": 2})
    second = client.v1.customers.list({"limit": 2, "starting_after": ids[1]})
    back = client.v1.customers.list({"limit": 2, "ending_before": ids[3]})

    assert ([one.id for one in first.data], first.has_more) == (ids[:2], True)
    assert [one.id for one in second.data] == ids[2:4]
    assert ([one.id for one in back.data], back.has_more) == (ids[1:3], True)


def test_an_update_tells_the_values_from_before(client: StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Ada"})
    client.v1.customers.update(customer.id, {"name": "Grace"})

    event = client.v1.events.list({"type": "customer.updated"}).data[0]

    assert event.data.to_dict()["previous_attributes"] == {"name": "Ada"}
    assert event.data.object["name"] == "Grace"


def test_what_cannot_be_expanded_is_refused(client: StripeClient) -> None:
    invoice = draft(client, customer_with(client).id, 900)

    expanded = client.v1.invoices.retrieve(invoice.id, {"expand": ["customer.invoice_settings.default_payment_method"]})
    assert isinstance(expanded.customer, stripe.Customer)
    listed = client.v1.invoices.list({"expand": ["data.customer", "data.payments"]}).data
    assert [type(one.customer) for one in listed] == [stripe.Customer]
    for path in ("nonsense", "status.more", "customer.invoice_settings.a.b.c.d"):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.invoices.retrieve(invoice.id, {"expand": [path]})


def test_a_deleted_customer_says_so(client: StripeClient) -> None:
    customer = client.v1.customers.create({})

    assert client.v1.customers.delete(customer.id).deleted
    assert client.v1.customers.retrieve(customer.id).to_dict()["deleted"] is True
    assert client.v1.customers.list().data == []
