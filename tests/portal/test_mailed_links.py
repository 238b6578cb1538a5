"""Links into the portal by mail: sent by our user, asked for by a customer, or in mails about invoices."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_string, policy
from email.message import EmailMessage
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr

from billflow.models.contracts.console import ConsoleRole
from billflow.models.contracts.mail import NotificationInput, Occasion
from billflow.models.contracts.portal import LONGEST_LIFETIME
from billflow.wiring.workers import mail_activities
from tests.api_environment import ApiEnvironment, api_environment, until
from tests.console.people import bought, browsing
from tests.console.test_customer_actions import confirmed
from tests.databases import migrated_database
from tests.mail.server import MailServer, mail_server
from tests.namespaces import fresh_namespace
from tests.portal.visitors import PortalBrowser

_TOKEN = re.compile(r"/portal/open\?token=([A-Za-z0-9_-]{86})")


@dataclass(frozen=True)
class Mailing:
    """A running billflow with a mail server, and a client of its API."""

    env: ApiEnvironment
    api: httpx.AsyncClient
    server: MailServer

    async def customer(self, name: str, **more: object) -> dict[str, Any]:
        """Create a customer whose address is its name's."""
        new = {"name": name, "email": f"{name.lower()}@customers.example", **more}
        return dict((await self.api.post("/api/v1/customers", json=new)).raise_for_status().json())

    def mails_to(self, address: str) -> list[EmailMessage]:
        """Return the mails that reached an address."""
        read = [message_from_string(one, policy=policy.default) for one in self.server.accepted]
        return [one for one in read if one["To"] == address]

    async def mailed(self, address: str, count: int = 1) -> EmailMessage:
        """Wait until so many mails reached an address, and return the last."""

        async def came() -> bool:
            return len(self.mails_to(address)) >= count

        await until(came)
        return self.mails_to(address)[-1]

    async def opened(self, mail: EmailMessage) -> str:
        """Open the one link of a mail, and return the overview behind it."""
        (token,) = _TOKEN.findall(mail.get_content())
        async with self.env.client() as http:
            browser = PortalBrowser(http)
            answer = await browser.post("/open", token=token)
            assert answer.status_code == HTTPStatus.SEE_OTHER
            return (await browser.get("/")).text


@pytest.fixture(scope="module")
async def mailing(postgres_url: str, temporal_server: str) -> AsyncIterator[Mailing]:
    """Yield a billflow that mails."""
    database, client = (
        await migrated_database(postgres_url, "mailing"),
        await fresh_namespace(temporal_server, "mailing"),
    )
    async with (
        mail_server() as server,
        api_environment(database, client, smtp_url=SecretStr(server.url)) as env,
        env.client(await env.key()) as api,
    ):
        yield Mailing(env, api, server)


async def test_our_user_mails_a_link_that_opens_once_and_is_stored_nowhere(mailing: Mailing) -> None:
    customer = await mailing.customer("Ada", default_language="fr")
    path = f"/api/v1/customers/{customer['id']}/portal-links/mail"
    written = (await mailing.api.post(path)).raise_for_status().json()
    mail = await mailing.mailed("ada@customers.example")

    assert mail["Subject"] == "Votre lien vers les pages de facturation de default"
    assert "[portal link]" not in mail.get_content()
    assert "Ada" in await mailing.opened(mail)
    stored = (await mailing.api.get(f"/api/v1/mails/{written['id']}")).json()
    assert (stored["occasion"], stored["recipient"]) == ("portal_link", "ada@customers.example")
    assert "[portal link]" in stored["body"]
    assert not _TOKEN.search(str(stored))
    (link,) = (await mailing.api.get(f"/api/v1/customers/{customer['id']}/portal-links")).json()["portal_links"]
    assert link["opened_at"]


@pytest.mark.full
async def test_a_mailed_link_opens_for_as_many_days_as_were_named(mailing: Mailing) -> None:
    customer = await mailing.customer("Edsger")
    path = f"/api/v1/customers/{customer['id']}/portal-links"
    written = (await mailing.api.post(f"{path}/mail", json={"expires_in_days": 7})).raise_for_status().json()
    refused = [await mailing.api.post(f"{path}/mail", json={"expires_in_days": days}) for days in (0, 31)]
    mail = await mailing.mailed("edsger@customers.example")

    (link,) = (await mailing.api.get(path)).json()["portal_links"]
    opens = datetime.fromisoformat(link["expires_at"]) - datetime.fromisoformat(link["created_at"])
    assert written["link_days"] == 7
    assert "It opens once, within 7 days:" in mail.get_content()
    assert abs(opens - timedelta(days=7)) < timedelta(minutes=10)
    assert {answer.status_code for answer in refused} == {HTTPStatus.UNPROCESSABLE_ENTITY}


async def test_who_asks_is_told_the_same_whether_we_know_the_address_or_not(mailing: Mailing) -> None:
    await mailing.customer("Grace")
    page = f"/portal/request/{mailing.env.org_id}"
    async with mailing.env.client() as http:
        answers = [
            await http.post(page, data={"email": email})
            for email in (
                "GRACE@customers.example ",
                "nobody@customers.example",
                "grace@customers.example",
                "",
                "x" * 400,
                "<script>alert(1)</script>",
            )
        ]
    mail = await mailing.mailed("grace@customers.example")

    assert {one.status_code for one in answers} == {HTTPStatus.OK}
    assert len({one.text for one in answers}) == 1
    assert "If we know this address" in answers[0].text
    assert "Grace" in await mailing.opened(mail)
    found = (await mailing.api.get("/api/v1/mails")).json()["mails"]
    assert [one["recipient"] for one in found if one["recipient"].lower() == "grace@customers.example"] == [mail["To"]]
    assert "nobody@customers.example" not in str(found)


@pytest.mark.full
async def test_an_address_that_looks_like_another_gets_no_mail_of_its_own(mailing: Mailing) -> None:
    await mailing.customer("Kathleen")
    kelvin = "\N{KELVIN SIGN}athleen@customers.example"
    assert kelvin.lower() == "kathleen@customers.example"
    async with mailing.env.client() as http:
        await http.post(f"/portal/request/{mailing.env.org_id}", data={"email": kelvin})
    await mailing.mailed("kathleen@customers.example")

    assert "\N{KELVIN SIGN}" not in str((await mailing.api.get("/api/v1/mails")).json())


@pytest.mark.full
async def test_the_address_that_invoices_go_to_is_known_too(mailing: Mailing) -> None:
    for name in ("Linus", "Niklaus"):
        customer = await mailing.customer(name)
        account = f"/api/v1/customers/{customer['id']}/billing-accounts/{customer['billing_account']['id']}"
        (await mailing.api.patch(account, json={"invoice_email": "books@office.example"})).raise_for_status()
    async with mailing.env.client() as http:
        (
            await http.post(f"/portal/request/{mailing.env.org_id}", data={"email": "books@office.example"})
        ).raise_for_status()
    await mailing.mailed("books@office.example", 2)
    opened = [await mailing.opened(one) for one in mailing.mails_to("books@office.example")]

    assert sorted(name for name in ("Linus", "Niklaus") for page in opened if name in page) == ["Linus", "Niklaus"]


async def test_a_link_that_is_over_leads_to_where_another_is_asked_for(mailing: Mailing) -> None:
    customer = await mailing.customer("Barbara")
    links = f"/api/v1/customers/{customer['id']}/portal-links"
    link = (await mailing.api.post(links, json={})).raise_for_status().json()
    (await mailing.api.delete(f"{links}/{link['id']}")).raise_for_status()
    parts, request = urlsplit(link["url"]), f"/portal/request/{mailing.env.org_id}"
    async with mailing.env.client() as http:
        over = await http.get(f"{parts.path}?{parts.query}")
        (await mailing.api.put("/api/v1/portal", json={"request_links": False})).raise_for_status()
        off = [await http.get(f"{parts.path}?{parts.query}"), await http.get(request), await http.post(request)]
        (await mailing.api.put("/api/v1/portal", json={})).raise_for_status()
        nowhere = [await http.get(f"/portal/request/{org}") for org in (customer["id"], "x", "%27")]
        foreign = await http.post(request, data={"email": "a@b.example"}, headers={"Sec-Fetch-Site": "cross-site"})

    assert f'href="{request}"' in over.text
    assert "/portal/request/" not in off[0].text
    assert [one.status_code for one in (*off[1:], *nowhere, foreign)] == [404, 404, 404, 404, 404, 403]


async def test_mails_about_invoices_hold_a_link_where_that_is_switched_on(mailing: Mailing) -> None:
    paid = await bought(mailing.env, mailing.api, name="Margaret", email="margaret@customers.example")
    activities, env = mail_activities(mailing.env.engine), mailing.env
    about = {"org_id": env.org_id, "invoice_id": paid.invoice["id"], "at": datetime.now(UTC)}
    await activities.notify(NotificationInput(**about, occasion=Occasion.REMINDER_DUE))
    (await mailing.api.put("/api/v1/portal", json={"mail_links": True})).raise_for_status()
    mail_id = await activities.notify(NotificationInput(**about, occasion=Occasion.PAYMENT_FAILED))
    (await mailing.api.put("/api/v1/portal", json={})).raise_for_status()
    without, with_link = mailing.mails_to("margaret@customers.example")

    assert not _TOKEN.search(without.get_content())
    assert "Margaret" in await mailing.opened(with_link)
    (link,) = (await mailing.api.get(f"/api/v1/customers/{paid.customer['id']}/portal-links")).json()["portal_links"]
    assert datetime.fromisoformat(link["opened_at"]) < datetime.fromisoformat(link["created_at"]) + LONGEST_LIFETIME
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        await confirmed(person, f"/customers/{paid.customer['id']}/do/resend-mail", mail_id=mail_id)
    second = await mailing.mailed("margaret@customers.example", 3)
    assert _TOKEN.findall(second.get_content()) != _TOKEN.findall(with_link.get_content())
    assert "Margaret" in await mailing.opened(second)
