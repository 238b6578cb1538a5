"""The package: its tables match the contract, and it serves asynchronous clients."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import stripe
from stripe import HTTPXClient, StripeClient

from stripe_emulator.contract import generate
from stripe_emulator.engine.operations import OPERATIONS, Args, Operation
from stripe_emulator.engine.unit import Unit
from stripe_emulator.server import StripeEmulator
from stripe_emulator.types import Obj
from tests.stripe_emulator.contract import FILE
from tests.waiting import PATIENCE


@asynccontextmanager
async def async_client(url: str, *, patience: float = PATIENCE) -> AsyncIterator[StripeClient]:
    transport = HTTPXClient(timeout=patience)
    yield StripeClient(
        "sk_test_async",
        base_addresses={"api": url, "files": url, "connect": url, "meter_events": url},
        max_network_retries=0,
        http_client=transport,
    )
    await transport.close_async()  # type: ignore[no-untyped-call]


def test_the_tables_that_ship_are_those_of_the_contract() -> None:
    contract = json.loads(FILE.read_text(encoding="utf-8"))
    shipped = Path(generate.__file__).parent

    assert json.loads((shipped / "parameters.json").read_text()) == generate.parameters(contract)
    assert json.loads((shipped / "blanks.json").read_text()) == generate.blanks(contract)


async def test_many_invoices_are_made_at_once_by_an_asynchronous_client() -> None:
    async with StripeEmulator() as server, async_client(server.url) as client:
        customer = await client.v1.customers.create_async({"payment_method": "pm_card_visa"})
        methods = await client.v1.customers.payment_methods.list_async(customer.id)
        method = methods.data[0].id

        async def bill(amount: int) -> stripe.Invoice:
            invoice = await client.v1.invoices.create_async({"customer": customer.id})
            await client.v1.invoices.add_lines_async(invoice.id, {"lines": [{"amount": amount}]})
            await client.v1.invoices.finalize_invoice_async(invoice.id)
            return await client.v1.invoices.pay_async(invoice.id, {"payment_method": method})

        invoices = await asyncio.gather(*(bill(amount) for amount in range(100, 120)))

    assert sorted(invoice.amount_paid for invoice in invoices) == list(range(100, 120))
    assert len({invoice.number for invoice in invoices}) == 20


async def test_an_asynchronous_timeout_is_a_connection_error_and_the_client_goes_on(emulator: StripeEmulator) -> None:
    async with async_client(emulator.url) as client, async_client(emulator.url, patience=1.0) as hasty:
        customer = await client.v1.customers.create_async({})
        slow = await client.v1.payment_methods.attach_async("pm_sim_slow_20000", {"customer": customer.id})
        invoice = await client.v1.invoices.create_async({"customer": customer.id})
        await client.v1.invoices.add_lines_async(invoice.id, {"lines": [{"amount": 900}]})

        with pytest.raises(stripe.APIConnectionError):
            await hasty.v1.invoices.pay_async(invoice.id, {"payment_method": slow.id}, {"idempotency_key": "pay"})

        async with asyncio.timeout(PATIENCE):
            while (await client.v1.invoices.retrieve_async(invoice.id)).status != "paid":  # noqa: ASYNC110
                await asyncio.sleep(0.01)


def test_a_bug_in_an_operation_is_a_stored_server_error(client: StripeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Unit, __: Args) -> Obj:
        raise RuntimeError("a bug")

    monkeypatch.setitem(OPERATIONS, "customer.create", Operation(fail))
    for _ in range(2):
        with pytest.raises(stripe.APIError) as failed:
            client.v1.customers.create({}, {"idempotency_key": "bug"})
        assert failed.value.http_status == 500


def test_a_server_that_was_not_started_has_no_address() -> None:
    with pytest.raises(RuntimeError, match="not been started"):
        _ = StripeEmulator().url


def test_a_second_server_on_the_port_is_refused(emulator: StripeEmulator) -> None:
    with pytest.raises(OSError, match="in use"):
        StripeEmulator(port=int(emulator.url.rsplit(":", 1)[1])).start()
