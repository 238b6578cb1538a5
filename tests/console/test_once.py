"""Every form of the console, found in its routes: sent twice, and from the browser's history, it happens once."""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import pytest
from fastapi.routing import APIRoute
from pydantic import SecretStr

from billflow.console import adjustments, commands, customer_actions, document_operations, endpoint_operations
from billflow.console.app import ROUTERS
from billflow.models.contracts.console import ConsoleRole
from tests.api_environment import api_environment
from tests.console.once_cases import COMMANDS, PAGES, OnceSite, asked_for, of_batch, of_document, of_dry_run, of_logo
from tests.console.people import ConsolePerson, browsing, furnished
from tests.databases import migrated_database
from tests.mail.server import mail_server
from tests.namespaces import fresh_namespace
from tests.once import SentForm, check_done_once, sent_again
from tests.sizes import sized

CHOICES = {
    "command": commands.KINDS,
    "adjustment": adjustments.KINDS,
    "action": customer_actions.KINDS,
    "operation": endpoint_operations.NAMED,
    "document": document_operations.DOCUMENTS,
}
"""What a part of a route may be, where each is a form of its own; commands of batches go one way."""

ELSEWHERE: Mapping[str, Callable[[OnceSite, ConsolePerson], SentForm]] = {
    "/operate/documents/catalog": lambda _, person: of_document(person, "catalog", one_tier_more),
    "/operate/documents/tax": lambda _, person: of_document(person, "tax", lambda _: 'mode = "none"\n'),
    "/operate/seller/logo": of_logo,
}
"""Forms whose pages answer another form."""

OF_DRY_RUN = "/operate/dry-runs/{dry_run_id}/cancel"

OF_BATCHES = {f"/operate/batches/{{plan_batch_id}}/{what}": what for what in ("confirm", "cancel")}

CHANGE_NOTHING = frozenset(
    {
        "/operate/documents/catalog/check",
        "/operate/documents/tax/check",
        "/operate/seller/logo/check",
        "/operate/seller/logo/sample",
    }
)
"""What is asked for by a form because it is large."""

OF_SESSIONS = frozenset({"/sign-in", "/sign-out"})
"""A link begins one session; `tests/console/test_sign_in.py` tells what becomes of a second try."""

QUICK = frozenset(
    {
        "/plans/{plan_id}/commands/set_licenses",
        "/invoices/{invoice_id}/refund",
        "/operate/documents/catalog",
    }
)
"""A command, an adjustment and a document; all others, but commands that are alike, are sent in full runs."""

ALIKE = COMMANDS.keys() - QUICK - {"/plans/{plan_id}/commands/switch_to_annual"}
"""Commands of plans, which go the way of these two: in long runs only."""

FORMS = sorted({*PAGES, *ELSEWHERE, *OF_BATCHES, OF_DRY_RUN})


def one_tier_more(text: str) -> str:
    """Return a catalogue with a tier that it does not have yet."""
    return f'{text}\n[tier.once]\nname = "Once"\n'


def routes() -> Iterator[str]:
    """Yield the route of every form that is sent, one for each choice of what it is about."""
    for route in (route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)):
        if "POST" not in (route.methods or ()):
            continue
        if route.path == "/operate/batches/make/{command}":
            yield route.path.replace("{command}", "retry")
            continue
        chosen = next(iter(set(re.findall(r"{(\w+)}", route.path)) & CHOICES.keys()), None)
        for choice in CHOICES[chosen] if chosen else [""]:
            yield route.path.replace(f"{{{chosen}}}", choice)


def test_every_form_of_the_console_is_sent_here() -> None:
    assert set(routes()) == {*FORMS, *CHANGE_NOTHING, *OF_SESSIONS}
    assert set(FORMS) >= QUICK


@pytest.fixture(scope="module")
async def site(postgres_url: str, temporal_server: str) -> AsyncIterator[OnceSite]:
    """Yield a billflow in which nothing happens but what these tests do."""
    url = await migrated_database(postgres_url, "once")
    client = await fresh_namespace(temporal_server, "once")
    async with (
        mail_server() as mails,
        api_environment(url, client, smtp_url=SecretStr(mails.url)) as env,
        env.client(await env.key()) as api,
    ):
        yield OnceSite(env, api, await furnished(env, api), url)


@pytest.mark.parametrize(
    "route", sized(sorted(QUICK), [route for route in FORMS if route not in ALIKE], FORMS), ids=lambda route: route
)
async def test_a_form_that_is_sent_again_does_it_once(site: OnceSite, route: str) -> None:
    async with browsing(site.env, ConsoleRole.ADMIN) as person:
        if route in PAGES:
            one: SentForm = asked_for(person, await PAGES[route](site))
        elif route in OF_BATCHES:
            one = await of_batch(site, person, OF_BATCHES[route])
        elif route == OF_DRY_RUN:
            one = await of_dry_run(site, person)
        else:
            one = ELSEWHERE[route](site, person)
        found = await sent_again(site.env, site.url, person, "/console", one)

    check_done_once(found)
