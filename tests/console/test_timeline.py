"""What happened to a customer: all of it, page by page, with who did it."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from http import HTTPStatus

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.console.customers import FEW, MANY
from billflow.console.pages import who
from billflow.console.timeline import TimelineRow, recorded_last
from billflow.models.contracts.console import ConsoleRole
from billflow.models.contracts.customer_finances import CreditCreate
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.mail import Mail
from tests.api_environment import ApiEnvironment
from tests.console.people import Acme, ConsolePerson, bought, browsing
from tests.console.test_customer_actions import confirmed, mail_to

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
EARLIER = re.compile(r'href="/console(/customers/[^"]+before=[^"]+)#timeline"')


def rows_of(text: str) -> list[str]:
    """Return the rows of a page's timeline, as they are read."""
    rows = text.split('<ol class="timeline">', 1)[1].split("</ol>", 1)[0].split("<li ")[1:]
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", f"<{row}")).split()) for row in rows]


async def credit(env: ApiEnvironment, ref: CustomerRef, n: int) -> None:
    change = ChangeContext(actor="cli:ada", at=datetime.now(UTC))
    key = KeyNamespace.CONSOLE.key(f"{ref.customer_id}-{n}")
    await env.engine.repositories.credits.grant(ref, CreditCreate(amount=n, reason=f"outage {n:03}"), key, change)


async def test_what_is_done_to_a_customer_itself_has_its_moment_and_who_did_it(
    env: ApiEnvironment, api: httpx.AsyncClient
) -> None:
    new = {"name": "Told Of", "email": "billing@told-of.example"}
    customer = (await api.post("/api/v1/customers", json=new)).raise_for_status().json()["id"]
    contact = {"name": "Priya", "email": "priya@told-of.example"}
    (await api.post(f"/api/v1/customers/{customer}/contacts", json=contact)).raise_for_status()
    await credit(env, CustomerRef(org_id=env.org_id, customer_id=customer), 250)
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        await confirmed(person, f"/customers/{customer}/do/suspend")
        rows = rows_of((await person.get(f"/customers/{customer}")).text)

    told = [row[len("2026-11-30 03:06 ") :] for row in rows]
    assert told[0].startswith("customer suspended by Kim reason ")
    assert told[1] == "credit granted by cli:ada amount USD 2.50, reason outage 250"
    assert told[2].startswith("contact created by API key ")
    assert told[3].startswith("customer created by API key ")
    assert told[3].endswith(" name Told Of, email billing@told-of.example")
    assert len(told) == 4


@pytest.mark.full
async def test_who_asked_for_a_refund_is_told(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    found = await bought(env, api, name="Refunded")
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        await confirmed(person, f"/invoices/{found.invoice['id']}/refund", amount="5")
        rows = rows_of((await person.get(f"/customers/{found.customer['id']}", part="timeline")).text)

    assert len([row for row in rows if "invoice refund requested by Kim amount USD 5" in row]) == 1


async def test_a_timeline_goes_back_to_its_begin_page_by_page(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    new = {"name": "Long Story", "email": "billing@long-story.example"}
    customer = (await api.post("/api/v1/customers", json=new)).raise_for_status().json()["id"]
    ref, count = CustomerRef(org_id=env.org_id, customer_id=customer), MANY + FEW
    for n in range(1, count + 1):
        await credit(env, ref, n)
    async with browsing(env, ConsoleRole.VIEWER) as person:
        few = (await person.get(f"/customers/{customer}")).text
        pages = await walked(person, f"/customers/{customer}?part=timeline")
        unread = await person.get(f"/customers/{customer}", part="timeline", before="yesterday")

    assert len(rows_of(few)) == FEW
    assert "Show more that happened" in few
    assert [len(page) for page in pages] == [MANY, FEW + 1]
    rows = [row for page in pages for row in page]
    granted = [f"outage {n:03}" for n in range(count, 0, -1)]
    assert [row[-len("outage 000") :] for row in rows[:-1]] == granted
    assert "customer created" in rows[-1]
    assert unread.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


async def walked(person: ConsolePerson, path: str) -> list[list[str]]:
    """Return the rows of each page, from one back to the begin."""
    pages, following = list[list[str]](), path
    while following:
        page = (await person.get(following)).text
        pages.append(rows_of(page))
        found = EARLIER.search(page)
        following = unescape(found[1]) if found else ""
    return pages


@pytest.mark.full
async def test_an_invoice_shows_a_mail_about_it_however_many_came_since(
    env: ApiEnvironment, api: httpx.AsyncClient
) -> None:
    found = await bought(env, api, name="Much Mail")
    customer, mails = found.customer["id"], env.engine.repositories.mails
    mail_id = await mail_to(env, found, customer)
    ref = CustomerRef(org_id=env.org_id, customer_id=customer)
    for n in range(MANY + 1):
        mail = Mail(language="en", recipient="a@much-mail.example", subject="A link", body="Here it is.")
        await mails.store_portal_link(ref, f"{customer}-{n}", mail, datetime.now(UTC))
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        page = await person.get(f"/invoices/{found.invoice['id']}")

    assert f"/customers/{customer}/do/resend-mail?mail_id={mail_id}" in page.text


async def test_every_invoice_of_a_customer_is_on_a_list_of_its_own(
    env: ApiEnvironment, acme: Acme, api: httpx.AsyncClient
) -> None:
    other = await bought(env, api, name="Another One")
    async with browsing(env, ConsoleRole.VIEWER) as person:
        page = await person.get("/lists/invoices", customer_id=acme.customer["id"])
        file = await person.get("/lists/invoices/csv", customer_id=acme.customer["id"])
        plans = await person.get("/lists/plans", customer_id=acme.customer["id"])
        nobodys = await person.get("/lists/invoices", customer_id="nobody")

    for shown in (page, file):
        assert acme.invoice["id"] in shown.text
        assert other.invoice["id"] not in shown.text
    assert f"#plan-{acme.plan['id']}" in plans.text
    assert f"#plan-{other.plan['id']}" not in plans.text
    assert f"/console/lists/invoices/csv?customer_id={acme.customer['id']}" in page.text
    assert nobodys.status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    ("actor", "said"),
    [
        ("console:Kim", "Kim"),
        ("key:230b9fdf-8a48-436b-b752-4da5455fc2cf", "API key 230b9fdf"),
        ("portal:7d3a", "the customer"),
        ("system", "billflow"),
        ("cli:ada", "cli:ada"),
        (None, "–"),
    ],
)
def test_who_did_something_is_written_as_people_say_it(actor: str | None, said: str) -> None:
    assert who(actor) == said


@given(
    moments=st.lists(st.integers(0, 20), max_size=40),
    most=st.integers(1, 30),
)
def test_pages_of_what_happened_have_every_row_once(moments: list[int], most: int) -> None:
    told = [
        TimelineRow(BEGIN, BEGIN + timedelta(seconds=second), "event", str(n), None, "")
        for n, second in enumerate(moments)
    ]
    seen, left, before = list[TimelineRow](), told, None
    while True:
        part, before = recorded_last(left, most)
        seen += part
        if before is None:
            break
        assert part
        left = [row for row in told if row.recorded_at < before]

    assert sorted(seen, key=lambda row: int(row.name)) == told
