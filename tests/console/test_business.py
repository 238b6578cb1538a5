"""The page of the whole business: its figures are the report's, and every number leads to its list."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from http import HTTPStatus

from billflow.console.bars import Point, bar_chart, compact
from billflow.domain.currencies import format_amount
from billflow.models.contracts.console import ConsoleRole
from billflow.temporal.queues import ALL
from tests.api_environment import ApiEnvironment
from tests.console.people import Acme, browsing

LINK = re.compile(r'<a href="/console([^"]+)"')


async def test_every_number_of_the_page_leads_to_a_list_that_opens(env: ApiEnvironment, acme: Acme) -> None:
    async with browsing(env, ConsoleRole.VIEWER) as person:
        page = await person.get("/business")
        main = page.text.partition("<main")[2]
        links = {unescape(link) for link in LINK.findall(main)}
        opened = {link: await person.get(link) for link in links}

    assert page.status_code == HTTPStatus.OK
    report = await env.engine.queries.business.report(env.org_id, datetime.now(UTC))
    monthly = sum(one.monthly for one in report.revenue if one.currency == "USD")
    for said in (format_amount(monthly, "USD"), format_amount(12 * monthly, "USD"), "Net retention", "Plans on hold"):
        assert said in page.text
    assert '<rect class="bar-up"' in page.text
    assert {link for link, answer in opened.items() if answer.status_code != HTTPStatus.OK} == set()
    plans = next(link for link in links if link.startswith("/lists/plans") and "tier=cloud_standard" in link)
    assert acme.customer["id"] in opened[plans].text
    assert any(acme.invoice["id"] in opened[link].text for link in links if "paid_since" in link)


async def test_the_plans_that_renew_and_the_customers_that_moved_are_listed(env: ApiEnvironment, acme: Acme) -> None:
    now = datetime.now(UTC)
    span = {"since": f"{now - timedelta(days=40):%Y-%m-%dT%H:%M}", "until": f"{now + timedelta(days=1):%Y-%m-%dT%H:%M}"}
    async with browsing(env, ConsoleRole.VIEWER) as person:
        ahead = await env.engine.queries.business.renewals(env.org_id, now + timedelta(days=5))
        renewals = await person.get("/business/renewals")
        moved = await person.get("/business/movements", **span, currency="USD")
        elsewhere = await person.get("/business/movements", **span, currency="CHF")
        wrong = await person.get("/business/movements", since="then", until="now")

    assert acme.plan["id"] in {one.plan_id for one in ahead}
    assert renewals.status_code == HTTPStatus.OK
    assert f"/console/customers/{acme.customer['id']}" in moved.text
    assert acme.customer["id"] not in elsewhere.text
    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


async def test_an_invoice_is_listed_by_whether_and_when_it_was_paid(env: ApiEnvironment, acme: Acme) -> None:
    soon = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M}"
    async with browsing(env, ConsoleRole.VIEWER) as person:
        paid = await person.get("/lists/invoices", paid_until=soon, currency="USD")
        later = await person.get("/lists/invoices", paid_since=soon)
        unpaid = await person.get("/lists/invoices", unpaid="yes")

    assert acme.invoice["id"] in paid.text
    assert f'name="paid_until" value="{soon}"' in paid.text
    assert acme.invoice["id"] not in later.text + unpaid.text


def test_bars_stand_on_their_zero_line_and_keep_their_proportions() -> None:
    chart = bar_chart([Point("a", 400), Point("b", 0), Point("c", -100), Point("d", 200)], "USD")
    assert chart

    up, none, down, half = chart.bars
    assert (none.height, up.y + up.height, half.y + half.height, down.y) == (0, none.y, none.y, none.y)
    assert abs(up.height - 2 * half.height) <= 2
    assert down.height > 0
    assert [tick.label for tick in chart.ticks] == ["-1", "0", "2", "4"]
    assert bar_chart([Point("a", 0)], "USD") is None
    assert [compact(one, "USD") for one in (120, 1_200_000, 250_000_000)] == ["1.2", "12k", "2.5M"]
    assert compact(1200, "JPY") == "1.2k"


async def test_the_age_of_each_task_queue_stands_beside_what_waits(env: ApiEnvironment) -> None:
    async with browsing(env, ConsoleRole.VIEWER) as person:
        page = await person.get("/business")

    report = await env.engine.business.report(env.org_id, datetime.now(UTC))
    assert report.task_queues
    assert [one.queue for one in report.task_queues] == list(ALL)
    assert all(one.workers == 1 for one in report.task_queues)
    assert all(f"<td>{queue}</td>" in page.text for queue in ALL)
