"""The console looks back: pages as of a moment say so, show what was known then, and offer nothing to do."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import httpx
import pytest

from billflow.models.contracts.console import ConsoleRole
from tests.api_environment import ApiEnvironment
from tests.console.people import bought, browsing


async def test_pages_show_what_was_known_when_the_customer_called(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    other = await bought(env, api, name="Caller Inc.")
    customer, plan, invoice = other.customer["id"], other.plan["id"], other.invoice["id"]
    called = datetime.now(UTC)
    (await api.patch(f"/api/v1/customers/{customer}", json={"name": "Renamed Inc."})).raise_for_status()
    (await api.post(f"/api/v1/invoices/{invoice}/refund", json={"amount": 100})).raise_for_status()
    typed = called.strftime("%Y-%m-%dT%H:%M:%S.%f")
    async with browsing(env, ConsoleRole.ADMIN) as person:
        now = await person.get(f"/customers/{customer}")
        pages = {
            name: await person.get(f"/{name}s/{key}/as-of", as_of=typed)
            for name, key in (("customer", customer), ("plan", plan), ("invoice", invoice))
        }

    assert f'action="/console/customers/{customer}/as-of"' in now.text
    assert "Renamed Inc." in now.text
    for name, page in pages.items():
        assert page.status_code == HTTPStatus.OK, name
        assert f"As it was known at {called:%Y-%m-%d %H:%M:%S} UTC" in page.text
        assert "Caller Inc." in page.text
        assert "Renamed Inc." not in page.text
        assert "Do something" not in page.text
        assert "/do/" not in page.text
        assert "/commands/" not in page.text
        assert 'method="post"' not in page.text.partition("</header>")[2]
    assert f"/console/plans/{plan}/as-of?as_of=" in pages["customer"].text
    assert f"/console/invoices/{invoice}/as-of?as_of=" in pages["plan"].text
    assert "Nothing was credited, refunded or voided." in pages["invoice"].text
    assert "<h2>Document</h2>" not in pages["invoice"].text


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        (
            "tomorrow",
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "as_of is no moment; write it as 2027-01-31 or 2027-01-31T12:00.",
        ),
        ("2199-01-01", HTTPStatus.UNPROCESSABLE_ENTITY, "name a moment that has been"),
        ("2020-01-01", HTTPStatus.UNPROCESSABLE_ENTITY, "former states are kept from then on"),
        ("before", HTTPStatus.NOT_FOUND, "the moment of as_of; name a later one"),
    ],
)
async def test_a_moment_that_can_not_be_shown_is_said(
    env: ApiEnvironment, typed: str, status: HTTPStatus, said: str
) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    customer = await env.customer()
    async with browsing(env, ConsoleRole.VIEWER) as person:
        moment = before.isoformat() if typed == "before" else typed
        page = await person.get(f"/customers/{customer.customer_id}/as-of", as_of=moment)

    assert page.status_code == status
    assert said in page.text
