"""Doing something in the console: previewed by the code that does it, confirmed with a reason, done once."""

import re
from http import HTTPStatus
from typing import cast

import httpx
import pytest
from fastapi import Request

from billflow.api.principal import Principal
from billflow.api.services import Services
from billflow.console.adjustments import VoidForm, check_limit
from billflow.console.services import ConsoleService
from billflow.console.visits import Visit
from billflow.errors import Forbidden
from billflow.models.contracts.adjustments import CreditNoteCreate, RefundCreate
from billflow.models.contracts.audit import AuditFilter
from billflow.models.contracts.console import ConsoleRole, NewConsoleSession
from billflow.models.contracts.records import Paging
from tests.api_environment import ApiEnvironment
from tests.console.people import Acme, ConsolePerson, bought, browsing

LIMITS = {ConsoleRole.SUPPORT: 500, ConsoleRole.FINANCE: 700}
KEY = re.compile(r'name="key" value="([0-9a-f]{32})"')


@pytest.fixture(scope="module")
async def buyer(env: ApiEnvironment, api: httpx.AsyncClient) -> Acme:
    """Return a customer to whom things are done."""
    return await bought(env, api, name="Buyer Ltd.")


def key_in(page: httpx.Response) -> str:
    """Return the key of the confirmation that a page shows."""
    found = KEY.search(page.text)
    assert found, page.text
    return found[1]


async def plan_of(api: httpx.AsyncClient, acme: Acme) -> dict[str, object]:
    """Return the plan as the API shows it."""
    return dict((await api.get(f"/api/v1/plans/{acme.plan['id']}")).json())


async def asked_for(env: ApiEnvironment, kind: str, subject_id: str) -> list[tuple[str, object, str]]:
    """Return the reasons in the audit log: action, reason and actor."""
    wanted = AuditFilter(subject_type=kind, subject_id=subject_id)
    found = await env.engine.queries.audit.list(env.org_id, wanted, Paging())
    return [
        (row.action, (row.detail or {}).get("reason"), row.actor)
        for row in found.rows
        if row.action.startswith("console.")
    ]


async def test_a_command_is_previewed_confirmed_and_done_once_however_often_it_is_sent(
    env: ApiEnvironment, api: httpx.AsyncClient, buyer: Acme
) -> None:
    path = f"/plans/{buyer.plan['id']}/commands/set_licenses"
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        empty = await person.get(path)
        preview = await person.get(path, licenses="12", preview="yes")
        before = await plan_of(api, buyer)
        sent = {"licenses": "12", "why": "two more people", "key": key_in(preview)}
        first = await person.post(path, **sent)
        again = await person.post(path, **sent)
        result = await person.get(first.headers["location"].removeprefix("/console"))

    assert 'name="licenses" value="10" required inputmode="numeric"' in empty.text
    assert before["licenses"] == 10
    for said in ("What would happen", "<td><strong>12</strong></td>", "Billed at once"):
        assert said in preview.text
    assert (first.status_code, again.status_code) == (HTTPStatus.SEE_OTHER, HTTPStatus.SEE_OTHER)
    assert first.headers["location"] == again.headers["location"]
    assert "12 licenses" in result.text
    assert (await plan_of(api, buyer))["licenses"] == 12
    timeline = (await api.get(f"/api/v1/plans/{buyer.plan['id']}/timeline")).json()["timeline"]
    assert [entry["actor"] for entry in timeline if entry["name"] == "set_licenses"] == ["console:Kim"]
    assert await asked_for(env, "plan", buyer.plan["id"]) == [
        ("console.set_licenses", "two more people", "console:Kim")
    ]


async def test_a_refusal_is_told_in_the_words_of_the_rule_and_nothing_is_done(
    env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme
) -> None:
    path = f"/plans/{acme.plan['id']}/commands/set_licenses"
    before = await plan_of(api, acme)
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        fewer = await person.get(path, licenses="3", preview="yes")
        no_number = await person.get(path, licenses="many", preview="yes")
        confirmed = await person.post(path, licenses="3", why="less", key="a" * 32)
        unexplained = await person.post(path, licenses="12", why=" ", key="b" * 32)
        unkeyed = await person.post(path, licenses="12", why="more", key="")
        unknown = await person.get(f"/plans/{acme.plan['id']}/commands/give_everything")

    codes = [answer.status_code for answer in (fewer, no_number, confirmed, unexplained, unkeyed, unknown)]
    assert codes == [409, 422, 409, 422, 422, 404]
    assert "licenses must be a whole number." in no_number.text
    assert "Say why" in unexplained.text
    assert 'role="alert"' in fewer.text
    assert "less" not in KEY.findall(confirmed.text)
    assert await plan_of(api, acme) == before


async def test_every_command_that_a_plan_takes_has_a_form(env: ApiEnvironment, acme: Acme) -> None:
    link = re.compile(rf'href="/console(/plans/{acme.plan["id"]}/commands/\w+)"')
    async with browsing(env, ConsoleRole.ADMIN) as person:
        found = link.findall((await person.get(f"/customers/{acme.customer['id']}")).text)
        pages = [await person.get(path) for path in found]

    assert len(found) >= 12
    assert {page.status_code for page in pages} <= {HTTPStatus.OK, HTTPStatus.CONFLICT}
    assert all("<form" in page.text or 'role="alert"' in page.text for page in pages)


@pytest.mark.full
async def test_a_refund_is_previewed_and_made_once(env: ApiEnvironment, api: httpx.AsyncClient, buyer: Acme) -> None:
    path, invoice = f"/invoices/{buyer.invoice['id']}/refund", buyer.invoice
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        preview = await person.get(path, amount="5.50", reason="requested_by_customer", preview="yes")
        too_much = await person.get(path, amount="99999", preview="yes")
        half_cents = await person.get(path, amount="5.505", preview="yes")
        sent = {
            "amount": "5.50",
            "reason": "requested_by_customer",
            "why": "a goodwill gesture",
            "key": key_in(preview),
        }
        answers = [await person.post(path, **sent) for _ in range(2)]
        back = await person.get(answers[0].headers["location"].removeprefix("/console"))

    assert "USD 5.50 goes back to the card." in preview.text
    assert (too_much.status_code, half_cents.status_code) == (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
    assert "must be an amount of USD such as 96.50" in half_cents.text
    assert {answer.status_code for answer in answers} == {HTTPStatus.SEE_OTHER}
    assert "Done: Refund." in back.text
    shown = (await api.get(f"/api/v1/invoices/{invoice['id']}")).json()
    assert (shown["refunded"], len(shown["adjustments"])) == (550, 1)
    assert await asked_for(env, "invoice", invoice["id"]) == [("console.refund", "a goodwill gesture", "console:Kim")]


async def test_a_refund_over_the_roles_limit_is_refused_in_plain_words(
    env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme
) -> None:
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        answer = await person.post(
            f"/invoices/{acme.invoice['id']}/refund", amount="50.01", why="wants more", key="7" * 32
        )

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "Your role, support, may refund or credit at most USD 50 at once; ask somebody who may more." in answer.text
    assert (await api.get(f"/api/v1/invoices/{acme.invoice['id']}")).json()["refunded"] == 0


async def test_a_credit_onto_the_balance_is_told_before_it_is_made(
    env: ApiEnvironment, api: httpx.AsyncClient, buyer: Acme
) -> None:
    path = f"/invoices/{buyer.invoice['id']}/credit"
    asked = {"amount": "3", "refund_method": "balance", "reason": "order_change", "memo": "With our apologies"}
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        preview = await person.get(path, preview="yes", **asked)
        made = await person.post(path, why="outage", key=key_in(preview), **asked)

    assert made.status_code == HTTPStatus.SEE_OTHER
    assert "USD 3 goes onto the customer&#39;s balance." in preview.text
    shown = (await api.get(f"/api/v1/invoices/{buyer.invoice['id']}")).json()
    assert shown["credited"] == 300


async def test_an_invoice_that_is_paid_is_not_voided(env: ApiEnvironment, acme: Acme) -> None:
    path = f"/invoices/{acme.invoice['id']}/void"
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        preview = await person.get(path, preview="yes")
        sent = await person.post(path, why="a mistake", key="c" * 32)

    for answer in (preview, sent):
        assert answer.status_code == HTTPStatus.CONFLICT
        assert "Only an open invoice can be voided, this one is paid; refund it instead." in answer.text


async def refused(person: ConsolePerson, acme: Acme) -> list[int]:
    """Return how every action is answered that somebody tries without having been shown it."""
    sent = {"why": "because", "key": "d" * 32, "licenses": "11", "amount": "1", "reference": "x"}
    paths = [f"/plans/{acme.plan['id']}/commands/{name}" for name in ("set_licenses", "end_now", "retry")]
    paths += [f"/invoices/{acme.invoice['id']}/{name}" for name in ("refund", "credit", "void", "mark-paid")]
    return [(await person.post(path, **sent)).status_code for path in paths]


async def test_a_viewer_does_nothing_whatever_is_sent(env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme) -> None:
    before = await plan_of(api, acme)
    async with browsing(env, ConsoleRole.VIEWER) as person:
        assert set(await refused(person, acme)) == {HTTPStatus.FORBIDDEN}
        page = await person.get(f"/customers/{acme.customer['id']}")
        invoice = await person.get(f"/invoices/{acme.invoice['id']}")

    assert "/commands/" not in page.text
    assert f"/invoices/{acme.invoice['id']}/refund" not in invoice.text
    assert await plan_of(api, acme) == before


@pytest.mark.parametrize(
    ("role", "asked", "too_much"),
    [
        (ConsoleRole.SUPPORT, RefundCreate(amount=501), True),
        (ConsoleRole.SUPPORT, RefundCreate(amount=500), False),
        (ConsoleRole.SUPPORT, RefundCreate(), True),
        (ConsoleRole.SUPPORT, CreditNoteCreate(amount=501), True),
        (ConsoleRole.SUPPORT, VoidForm(), False),
        (ConsoleRole.FINANCE, RefundCreate(amount=501), False),
        (ConsoleRole.FINANCE, RefundCreate(amount=701), True),
        (ConsoleRole.ADMIN, RefundCreate(), False),
    ],
)
async def test_a_role_refunds_up_to_its_limit(
    env: ApiEnvironment, acme: Acme, role: ConsoleRole, asked: object, too_much: bool
) -> None:
    invoice = await env.engine.queries.invoices.get(env.org_id, acme.invoice["id"])
    request = Request({"type": "http", "state": {"console_session": NewConsoleSession(person="Kim", role=role)}})
    console = ConsoleService(env.engine.repositories.console_sessions, env.engine.mode, refund_limits=LIMITS)
    visit = Visit(request, cast("Services", None), console, cast("Principal", None))

    if too_much:
        with pytest.raises(Forbidden, match=rf"Your role, {role}, may refund or credit at most USD \d at once"):
            check_limit(visit, invoice, asked)
    else:
        check_limit(visit, invoice, asked)
