"""The real client on a running emulator, with every request held against the contract."""

from collections.abc import AsyncIterator, Iterator, Mapping

import pytest
import stripe

from billflow.payments.adjustments import StripeAdjustmentGateway
from billflow.payments.client import stripe_client
from billflow.payments.client_session import AiohttpTransport
from billflow.payments.gateway import StripeGateway
from billflow.payments.sandbox import Sandbox
from stripe_emulator.server import StripeEmulator
from tests.payments.inputs import KEY
from tests.payments.stripe_faults import IMPATIENT, PATIENT, Trouble, troubled_server
from tests.stripe_emulator.contract import problems_of_request


@pytest.fixture(scope="package")
def emulator() -> Iterator[StripeEmulator]:
    """Yield an emulator in memory for the tests that neither change its clock nor break it."""
    with StripeEmulator() as server:
        yield server


@pytest.fixture(scope="package")
async def client(emulator: StripeEmulator) -> AsyncIterator[stripe.StripeClient]:
    """Yield the client as production builds it; a request unknown to the contract fails the test."""
    async with stripe_client(KEY, emulator.url) as made:
        watch(made)
        yield made


@pytest.fixture(scope="package")
def gateway(client: stripe.StripeClient) -> StripeGateway:
    return StripeGateway(client)


@pytest.fixture(scope="package")
def sandbox(client: stripe.StripeClient) -> Sandbox:
    return Sandbox(client, KEY)


@pytest.fixture(scope="package")
def adjustments(client: stripe.StripeClient) -> StripeAdjustmentGateway:
    return StripeAdjustmentGateway(client)


@pytest.fixture
def trouble() -> Iterator[Trouble]:
    """Yield the faults of a server that is this test's own."""
    with troubled_server() as made:
        yield made


@pytest.fixture
async def troubled(trouble: Trouble) -> AsyncIterator[StripeGateway]:
    """Yield a gateway to the server that fails on purpose."""
    async with stripe_client(KEY, trouble.server.url, timeouts=PATIENT) as made:
        yield StripeGateway(made, trouble.now)


@pytest.fixture
async def impatient(trouble: Trouble) -> AsyncIterator[StripeGateway]:
    """Yield a gateway that stops listening before a stalled answer comes."""
    async with stripe_client(KEY, trouble.server.url, timeouts=IMPATIENT) as made:
        yield StripeGateway(made, trouble.now)


def watch(client: stripe.StripeClient) -> None:
    """Hold every request of the client against the contract."""
    transport = client._requestor._client
    assert isinstance(transport, AiohttpTransport)
    send = transport.request_async

    async def checked(
        method: str, url: str, headers: Mapping[str, str], post_data: str | None = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        assert problems_of_request(method.upper(), url, post_data or "") == []
        assert headers["Stripe-Version"] == stripe.api_version
        return await send(method, url, headers, post_data)

    vars(transport)["request_async"] = checked
