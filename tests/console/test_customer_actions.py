"""What is done for a customer in the console: previewed, confirmed with a reason, done once."""

import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httpx
import pytest

from billflow.models.contracts.audit import AuditFilter
from billflow.models.contracts.console import ConsoleRole
from billflow.models.contracts.mail import Mail, NotificationInput, Occasion
from billflow.models.contracts.records import Paging
from tests.api_environment import ApiEnvironment
from tests.console.people import Acme, ConsolePerson, bought, browsing
from tests.console.test_actions import key_in
from tests.console.test_editing import filled
from tests.mail.server import MailServer


async def created(api: httpx.AsyncClient, name: str = "Newcomer") -> dict[str, Any]:
    """Return a new customer without a plan."""
    body = {"name": name, "email": f"{name.lower()}@newcomer.example"}
    return dict((await api.post("/api/v1/customers", json=body)).raise_for_status().json())


async def confirmed(person: ConsolePerson, path: str, **asked: str) -> tuple[httpx.Response, httpx.Response]:
    """Preview something and confirm it twice, as a double click does; return the preview and the first answer."""
    preview = await person.get(path, preview="yes", **asked)
    assert preview.status_code == HTTPStatus.OK, preview.text
    sent = {"why": "the customer asked", "key": key_in(preview), **asked}
    answers = [await person.post(path, **sent) for _ in range(2)]
    assert [answer.status_code for answer in answers] in ([HTTPStatus.SEE_OTHER] * 2, [HTTPStatus.OK] * 2), answers[
        1
    ].text
    return preview, answers[0]


async def test_a_customer_is_suspended_and_let_back_in(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    other = await bought(env, api, name="Pausing Ltd.")
    customer = other.customer["id"]
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        preview, done = await confirmed(person, f"/customers/{customer}/do/suspend")
        page = await person.get(done.headers["location"].removeprefix("/console"))
        suspended = (await api.get(f"/api/v1/customers/{customer}")).json()["status"]
        again = await person.get(f"/customers/{customer}/do/suspend")
        back, _ = await confirmed(person, f"/customers/{customer}/do/activate")
        already = await person.get(f"/customers/{customer}/do/activate")

    assert "Pausing Ltd. is suspended." in preview.text
    assert "Cloud Standard of 10 licenses stands still." in preview.text
    assert "Done: Suspend." in page.text
    assert suspended == "suspended"
    assert (again.status_code, already.status_code) == (HTTPStatus.CONFLICT, HTTPStatus.CONFLICT)
    assert "Cloud Standard of 10 licenses is billed again." in back.text
    assert (await api.get(f"/api/v1/customers/{customer}")).json()["status"] == "active"
    found = await env.engine.queries.audit.list(
        env.org_id, AuditFilter(subject_type="customer", subject_id=customer), Paging()
    )
    asked = [
        (row.action, (row.detail or {}).get("reason"), row.actor) for row in found.rows if "console." in row.action
    ]
    assert asked == [(f"console.{name}", "the customer asked", "console:Kim") for name in ("activate", "suspend")]


async def test_a_card_link_is_shown_to_be_handed_on(env: ApiEnvironment, acme: Acme) -> None:
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        preview, link = await confirmed(person, f"/customers/{acme.customer['id']}/do/card-link")

    assert acme.customer["email"] in preview.text
    assert re.search(rf'href="{re.escape(env.stripe_url)}/[^"]+"', link.text)


async def test_an_offer_is_made_once_and_withdrawn(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    customer = await created(api, "Offered")
    path, asked = f"/customers/{customer['id']}/do/offer", {"tier": "cloud_enterprise", "fixed_price": "12000"}
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        form = await person.get(path)
        neither = await person.get(path, tier="cloud_enterprise", preview="yes")
        preview, _ = await confirmed(person, path, **asked)
        another = await person.get(path, preview="yes", **asked)
        page = await person.get(f"/customers/{customer['id']}")
        [offer] = (await api.get(f"/api/v1/customers/{customer['id']}/offers")).json()["offers"]
        taken, _ = await confirmed(person, f"/customers/{customer['id']}/do/withdraw-offer", offer_id=offer["id"])

    assert '<option value="cloud_enterprise">' in form.text
    assert "An offer has either a fixed_price, or a price per license" in neither.text
    assert "is offered cloud enterprise at USD 12,000 a year, whatever the seats." in preview.text
    assert "There is an open offer for that tier; withdraw it first." in another.text
    assert f"/do/withdraw-offer?offer_id={offer['id']}" in page.text
    assert "The offer of cloud enterprise at USD 12,000 a year, whatever the seats is taken back." in taken.text
    [offer] = (await api.get(f"/api/v1/customers/{customer['id']}/offers")).json()["offers"]
    assert (offer["status"], offer["fixed_price"]) == ("withdrawn", 1_200_000)


@pytest.mark.full
async def test_a_coupon_is_given_once_and_taken_back(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    other = await bought(env, api, name="Sorry Ltd.")
    customer, coupons = other.customer["id"], f"/api/v1/customers/{other.customer['id']}/redemptions"
    coupon = {"code": "SORRY10", "percent_off": "10", "duration": "forever"}
    (await api.post("/api/v1/coupons", json=coupon)).raise_for_status()
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        unknown = await person.get(f"/customers/{customer}/do/attach-coupon", coupon="NOPE", preview="yes")
        preview, _ = await confirmed(person, f"/customers/{customer}/do/attach-coupon", coupon="SORRY10")
        page = await person.get(f"/customers/{customer}")
        [given] = (await api.get(coupons)).json()["redemptions"]
        _, done = await confirmed(person, f"/customers/{customer}/do/detach-coupon", redemption_id=given["id"])

    assert unknown.status_code == HTTPStatus.NOT_FOUND
    assert "Sorry Ltd. gets the coupon SORRY10, from its next cycle on." in preview.text
    assert "Next invoice" in preview.text
    assert f"/do/detach-coupon?redemption_id={given['id']}" in page.text
    assert given["reason"] == "the customer asked"
    assert done.headers["location"].endswith("?done=detach-coupon")
    [over] = (await api.get(coupons)).json()["redemptions"]
    assert over["ended_at"]


@pytest.mark.full
async def test_an_invoice_is_issued_again_with_other_licenses(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    other = await bought(env, api, name="Corrected Ltd.")
    path = f"/invoices/{other.invoice['id']}/reissue"
    async with browsing(env, ConsoleRole.FINANCE) as person:
        form = await person.get(path)
        preview, _ = await confirmed(person, path, refund_method="balance", licenses_1="9")
        page = await person.get(f"/invoices/{other.invoice['id']}")

    assert 'name="licenses_1"' in form.text
    assert 'name="price_1"' in form.text
    assert "A credit note over" in preview.text
    assert "is issued in its place." in preview.text
    assert "It was issued again" in page.text
    old = (await api.get(f"/api/v1/invoices/{other.invoice['id']}")).json()
    new = (await api.get(f"/api/v1/invoices/{old['replaced_by_invoice_id']}")).json()
    assert new["total"] * 10 == old["total"] * 9


async def test_issuing_again_gives_no_more_back_than_the_role_may(
    env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme
) -> None:
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        answer = await person.post(
            f"/invoices/{acme.invoice['id']}/reissue", licenses_1="0", why="free for all", key="9" * 32
        )

    assert (answer.status_code, "at most USD 50 at once" in answer.text) == (HTTPStatus.FORBIDDEN, True)
    assert (await api.get(f"/api/v1/invoices/{acme.invoice['id']}")).json()["credited"] == 0


@pytest.mark.parametrize(
    "what", [("resend-mail", "mail_id"), ("withdraw-offer", "offer_id"), ("detach-coupon", "redemption_id")]
)
async def test_nothing_is_done_about_what_is_another_customers(
    env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme, buyers_things: dict[str, str], what: tuple[str, str]
) -> None:
    name, field = what
    path, asked = f"/customers/{acme.customer['id']}/do/{name}", {field: buyers_things[field]}
    async with browsing(env, ConsoleRole.ADMIN) as person:
        preview = await person.get(path, preview="yes", **asked)
        sent = await person.post(path, why="because", key=uuid4().hex, **asked)

    assert (preview.status_code, sent.status_code) == (HTTPStatus.NOT_FOUND, HTTPStatus.NOT_FOUND)
    customer = f"/api/v1/customers/{buyers_things['customer_id']}"
    assert [one["status"] for one in (await api.get(f"{customer}/offers")).json()["offers"]] == ["open"]
    assert [one["ended_at"] for one in (await api.get(f"{customer}/redemptions")).json()["redemptions"]] == [None]


@pytest.fixture(scope="module")
async def buyers_things(env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme) -> dict[str, str]:
    """Return the ids of an offer, a coupon and a mail of one customer's."""
    customer = await created(api, "Stranger")
    path = f"/api/v1/customers/{customer['id']}"
    offer = await api.post(f"{path}/offers", json={"tier": "cloud_enterprise", "fixed_price": 100_000})
    (await api.post("/api/v1/coupons", json={"code": "THEIRS", "percent_off": "5"})).raise_for_status()
    coupon = await api.post(f"{path}/redemptions", json={"coupon": "THEIRS"})
    return {
        "customer_id": customer["id"],
        "offer_id": offer.raise_for_status().json()["offer"]["id"],
        "redemption_id": coupon.raise_for_status().json()["id"],
        "mail_id": await mail_to(env, acme, customer["id"]),
    }


async def mail_to(env: ApiEnvironment, acme: Acme, customer_id: str) -> str:
    """Return the id of a mail in the log that was written to a customer, at an address that it no longer has."""
    about = NotificationInput(
        org_id=env.org_id,
        invoice_id=acme.invoice["id"],
        occasion=Occasion.REMINDER_DUE,
        number=int(uuid4()) % 10_000,
        at=datetime.now(UTC),
    )
    facts = await env.engine.repositories.mails.notification_facts(about)
    mail = Mail(language="en", recipient="old@acme.example", subject="A reminder", body="Please pay.")
    stored = await env.engine.repositories.mails.store(
        about, facts.model_copy(update={"customer_id": customer_id}), mail
    )
    return stored.mail_id


async def test_a_mail_is_sent_again_once_to_the_address_of_now(
    env: ApiEnvironment, acme: Acme, mails: MailServer
) -> None:
    customer_id, mail_id = acme.customer["id"], await mail_to(env, acme, acme.customer["id"])
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        page = await person.get(f"/customers/{customer_id}", part="timeline")
        invoice = await person.get(f"/invoices/{acme.invoice['id']}")
        preview, _ = await confirmed(person, f"/customers/{customer_id}/do/resend-mail", mail_id=mail_id)

    for shown in (page, invoice):
        assert f"/customers/{customer_id}/do/resend-mail?mail_id={mail_id}" in shown.text
    assert f"“A reminder” (reminder due) goes to {acme.customer['email']}." in preview.text
    assert "It was not sent, to old@acme.example." in preview.text
    sent = [text for text in mails.accepted if "Subject: A reminder" in text]
    assert len(sent) == 1
    assert f"To: {acme.customer['email']}" in sent[0]
    assert "Please pay." in sent[0]
    assert (await env.engine.repositories.mails.get(env.org_id, mail_id)).sent_at


@pytest.mark.full
async def test_prices_are_agreed_on_once_and_not_over_what_another_agreed(
    env: ApiEnvironment, api: httpx.AsyncClient
) -> None:
    found = await bought(env, api, name="Haggling Ltd.")
    customer, path = found.customer["id"], f"/customers/{found.customer['id']}/do/prices"
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        form = filled(await person.get(path))
        asked = form | {"required_plan_tier": "cloud_standard", "monthly_discounted_price": "6.50"}
        odd = await person.get(path, **asked | {"monthly_discounted_price": "cheap"}, preview="yes")
        preview, done = await confirmed(person, path, **asked)
        page = await person.get(done.headers["location"].removeprefix("/console"))
        stale = await person.post(path, **form, why="why not", key="9" * 32)

    assert form["monthly_discounted_price"] == "0.00"
    assert "<td>–</td><td><strong>cloud_standard</strong></td>" in preview.text
    assert "<td>USD 0</td><td><strong>USD 6.50</strong></td>" in preview.text
    assert "<strong>USD 65</strong>" in preview.text
    assert "Done: Agree on prices." in page.text
    assert (stale.status_code, odd.status_code) == (
        HTTPStatus.PRECONDITION_FAILED,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    )
    assert "Monthly discounted price is now “6.50”" in stale.text
    agreed = (await api.get(f"/api/v1/customers/{customer}/pricing")).json()
    assert (agreed["required_plan_tier"], agreed["monthly_discounted_price"]) == ("cloud_standard", 650)
    plan = (await api.get(f"/api/v1/plans/{found.plan['id']}")).json()
    assert plan["price_per_license"] == 650
    assert await whys(env, customer) == [("console.prices", "the customer asked")]


async def test_a_credit_is_granted_once_and_up_to_the_roles_limit(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    customer = (await created(api, "Credited"))["id"]
    path = f"/customers/{customer}/do/credit"
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        over = await person.get(path, amount="50.01", preview="yes")
        forced = await person.post(path, amount="50.01", why="too much", key="8" * 32)
        preview, _ = await confirmed(person, path, amount="50")

    for answer in (over, forced):
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "may refund or credit at most USD 50 at once" in answer.text
    assert "is granted USD 50" in preview.text
    granted = (await api.get(f"/api/v1/customers/{customer}/credits")).json()["credits"]
    assert [(one["amount"], one["reason"]) for one in granted] == [(5000, "the customer asked")]


@pytest.mark.full
async def test_an_account_is_closed_once_its_plan_has_ended(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    with_plan, without = (await bought(env, api, name="Staying")).customer["id"], (await created(api, "Leaving"))["id"]
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        refused = await person.get(f"/customers/{with_plan}/do/close")
        forced = await person.post(f"/customers/{with_plan}/do/close", why="by force", key="7" * 32)
        preview, _ = await confirmed(person, f"/customers/{without}/do/close")
        again = await person.get(f"/customers/{without}/do/close")

    assert (refused.status_code, forced.status_code, again.status_code) == (HTTPStatus.CONFLICT,) * 3
    assert "end that one first" in refused.text
    assert "The account of Leaving is closed" in preview.text
    statuses = [(await api.get(f"/api/v1/customers/{one}")).json()["status"] for one in (with_plan, without)]
    assert statuses == ["active", "inactive"]


async def whys(env: ApiEnvironment, customer_id: str) -> list[tuple[str, object]]:
    """Return what was asked for in the console for a customer, and why."""
    wanted = AuditFilter(subject_type="customer", subject_id=customer_id)
    found = await env.engine.queries.audit.list(env.org_id, wanted, Paging())
    return [(row.action, (row.detail or {}).get("reason")) for row in found.rows if row.action.startswith("console.")]
