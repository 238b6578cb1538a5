"""Every form of the portal, found in its routes: sent twice, and from the browser's history, it happens once."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

import httpx
import pytest
from fastapi.routing import APIRoute
from pydantic import SecretStr

from billflow.portal.actions import ACTIONS
from billflow.portal.app import ROUTERS
from tests.api_environment import api_environment
from tests.console.once_cases import OnceSite
from tests.console.people import bought, furnished
from tests.databases import migrated_database
from tests.mail.server import mail_server
from tests.namespaces import fresh_namespace
from tests.once import SentForm, check_done_once, sent_again
from tests.portal.visitors import PortalBrowser, visiting
from tests.sizes import further

CUSTOMER = {
    "billing_address": {"street": "Ring 1", "postal_code": "89073", "city": "Ulm", "country": "DE"},
}

Prepare = Callable[[OnceSite, PortalBrowser, str], Awaitable[SentForm]]


def of_plan(action: str, value: str = "", *before: Mapping[str, object]) -> tuple[str, Prepare]:
    """Return an action for a plan of ten licenses, after the commands *before* it."""

    async def prepare(site: OnceSite, browser: PortalBrowser, customer: str) -> SentForm:
        plans = (await site.api.get("/api/v1/plans", params={"customer_id": customer})).json()["plans"]
        plan = plans[0]["id"]
        for command in before:
            await site.post(f"/plans/{plan}/commands", command)
        query = {"value": value} if value else {}
        return at(browser, f"/plans/{plan}/{action}", f"/plans/{plan}/{action}", {}, **query)

    return f"/plans/{{plan_id}}/{action}", prepare


def at(browser: PortalBrowser, page: str, address: str, typed: Mapping[str, str], **query: str) -> SentForm:
    """Return a form of a page that is found by its address, with what is typed in it."""

    async def reopened(first: httpx.Response) -> httpx.Response:
        return await browser.get(first.url.raw_path.decode().removeprefix("/portal"))

    return SentForm(address, lambda: browser.get(page, **query), reopened, dict(typed))


async def accepting(site: OnceSite, browser: PortalBrowser, customer: str) -> SentForm:
    """Return the form of an offer to a customer whose plan has ended."""
    plans = (await site.api.get("/api/v1/plans", params={"customer_id": customer})).json()["plans"]
    await site.post(f"/plans/{plans[0]['id']}/commands", {"type": "end_now"})
    made = await site.post(f"/customers/{customer}/offers", {"tier": "cloud_enterprise", "fixed_price": 1_200_000})
    path = f"/offers/{made['offer']['id']}"
    return at(browser, path, path, {"schedule": "annual"})


async def detailing(_: OnceSite, browser: PortalBrowser, __: str) -> SentForm:
    """Return the form of the billing address."""
    return at(browser, "/details", "/details", {"street": "Ring 2", "invoice_email": "books@once.example"})


async def adding(_: OnceSite, browser: PortalBrowser, __: str) -> SentForm:
    """Return the form of a new contact."""
    return at(browser, "/details", "/contacts", {"name": "Sam", "email": "sam@once.example"})


def of_contact(typed: Mapping[str, str]) -> Prepare:
    """Return a form of a contact, with what is typed or pressed in it."""

    async def prepare(site: OnceSite, browser: PortalBrowser, customer: str) -> SentForm:
        contact = await site.post(f"/customers/{customer}/contacts", {"name": "Max", "email": "max@once.example"})
        return at(browser, "/details", f"/contacts/{contact['id']}", typed)

    return prepare


FORMS: Mapping[str, Prepare] = dict(
    (
        of_plan("licenses", "13"),
        of_plan("licenses-at-renewal", "14"),
        of_plan("annual"),
        of_plan("monthly"),
        of_plan("upgrade", "cloud_plus"),
        of_plan("cancel"),
        of_plan("undo", "", {"type": "downgrade_at_end_of_cycle"}),
        ("/offers/{offer_id}", accepting),
        ("/details", detailing),
        ("/contacts", adding),
        ("/contacts/{contact_id}", of_contact({"name": "Maxi"})),
        ("/contacts/{contact_id} make_primary", of_contact({"do": "make_primary"})),
        ("/contacts/{contact_id} remove", of_contact({"do": "remove"})),
    )
)
"""Every form of a customer's, by its route and, where there are several on it, the button that is pressed."""

OF_SESSIONS = frozenset({"/open", "/leave", "/request/{org_id}", "/embedded/{org_id}/open"})
"""A link begins one session, and ends with it: `tests/portal/test_links.py`, `tests/portal/test_mailed_links.py`."""

STARTS: Mapping[str, Mapping[str, str]] = {"/plans/{plan_id}/monthly": {"schedule": "annual"}}
"""Plans that are not monthly ones."""

QUICK = ("/plans/{plan_id}/licenses",)


def routes() -> Iterator[str]:
    """Yield the route of every form that is sent, one for each action."""
    for route in (route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)):
        if "POST" in (route.methods or ()):
            for action in ACTIONS if "{action}" in route.path else [""]:
                yield re.sub("{action}", action, route.path)


def test_every_form_of_the_portal_is_sent_here() -> None:
    assert set(routes()) == {*(form.partition(" ")[0] for form in FORMS), *OF_SESSIONS}
    assert set(QUICK) <= FORMS.keys()


@pytest.fixture(scope="module")
async def site(postgres_url: str, temporal_server: str) -> AsyncIterator[OnceSite]:
    """Yield a billflow in which nothing happens but what these tests do."""
    url = await migrated_database(postgres_url, "portal-once")
    client = await fresh_namespace(temporal_server, "portal-once")
    async with (
        mail_server() as mails,
        api_environment(url, client, smtp_url=SecretStr(mails.url)) as env,
        env.client(await env.key()) as api,
    ):
        yield OnceSite(env, api, await furnished(env, api), url)


@pytest.mark.parametrize("form", [*QUICK, *further(*(form for form in FORMS if form not in QUICK))])
async def test_a_form_that_is_sent_again_does_it_once(site: OnceSite, form: str) -> None:
    customer = (await bought(site.env, site.api, on=STARTS.get(form), **CUSTOMER)).customer["id"]
    async with visiting(site.env, site.api, customer) as browser:
        one = await FORMS[form](site, browser, customer)
        found = await sent_again(site.env, site.url, browser, "/portal", one)

    check_done_once(found)
