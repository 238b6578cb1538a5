"""A running emulator and a client for it."""

from collections.abc import Iterator
from itertools import count

import httpx
import pytest
import stripe

from stripe_emulator.server import StripeEmulator
from tests.stripe_emulator.clients import client_for
from tests.stripe_emulator.control_plane import Sim
from tests.waiting import PATIENCE

ACCOUNTS = count(1)


@pytest.fixture(scope="package")
def emulator() -> Iterator[StripeEmulator]:
    """Yield one server in memory for all tests that do not change its clock or break it."""
    with StripeEmulator() as server:
        yield server


@pytest.fixture
def client(emulator: StripeEmulator) -> Iterator[stripe.StripeClient]:
    """Yield a client with an account of its own; afterwards all its events are read, and so checked."""
    made = client_for(emulator.url, f"sk_test_account_{next(ACCOUNTS)}")
    yield made
    list(made.v1.events.list({"limit": 100}).auto_paging_iter())


@pytest.fixture(scope="package")
def controlled() -> Iterator[StripeEmulator]:
    """Yield a server whose control plane is open."""
    with StripeEmulator(control=True, seed=7) as server:
        yield server


@pytest.fixture
def sim(controlled: StripeEmulator) -> Iterator[Sim]:
    """Yield the control plane of a server without objects, rules or settings of earlier tests."""
    with httpx.Client(base_url=f"{controlled.url}/_sim", timeout=PATIENCE) as http:
        plane = Sim(controlled.url, http)
        plane.clear()
        plane.post("/settings", rate_limit="off", search_lag=0, sepa_delay=2, webhook_retries=[1, 5, 30])
        plane.post("/settings", tax_behavior="exclusive")
        yield plane
        plane.clear()
