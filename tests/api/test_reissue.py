"""Issuing an invoice again over HTTP: the preview, the links, and what is said to a request that can't be met."""

from typing import Any

import httpx
import pytest

from billflow.domain.scopes import Scope
from tests.api.test_adjustments import BY_MAIL, bought
from tests.api_environment import ApiEnvironment, until
from tests.sizes import further


async def paid(api: httpx.AsyncClient, env: ApiEnvironment) -> dict[str, Any]:
    """Buy a plan by card, and return its invoice with lines."""
    invoice = await bought(api, env)
    return dict((await api.get(f"/api/v1/invoices/{invoice['id']}")).json())


@pytest.mark.full
async def test_a_preview_shows_what_the_request_then_does(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    old = await paid(api, env)
    path, [line] = f"/api/v1/invoices/{old['id']}", old["lines"]
    asked = {"lines": [{"line_id": line["id"], "price": 700}], "reason": "agreed 700"}

    preview = (await api.post(f"{path}/reissue/preview", json=asked)).json()
    made = await api.post(f"{path}/reissue", json=asked)

    total = 700 * line["quantity"]
    assert preview["credit_note"] == {"amount": old["total"], "refund_amount": 0, "balance_amount": old["total"]}
    assert (preview["voids"], preview["invoice"]["total"]) == (False, total)
    assert (made.status_code, made.json()["total"], made.json()["replaces_invoice_id"]) == (201, total, old["id"])
    new = made.json()["id"]
    assert (await api.get(path)).json()["replaced_by_invoice_id"] == new
    explained = (await api.get(f"/api/v1/invoices/{new}/explain")).json()
    assert (explained["replaces_invoice_id"], explained["replaced_by_invoice_id"]) == (old["id"], None)
    assert explained["lines"][0]["sentence"] == preview["invoice"]["lines"][0]["sentence"]
    assert "before" in explained["lines"][0]["note"]


@pytest.mark.full
async def test_the_same_key_answers_the_same_invoice(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    old = await paid(api, env)
    path, headers = f"/api/v1/invoices/{old['id']}/reissue", {"Idempotency-Key": f"again-{old['id']}"}

    first, second = await api.post(path, headers=headers), await api.post(path, headers=headers)
    other = await api.post(path)

    assert first.json() == second.json()
    assert (other.status_code, other.json()["code"], other.json()["errors"][0]["field"]) == (
        409,
        "already_reissued",
        "invoice_id",
    )
    assert first.json()["id"] in other.json()["detail"]


@pytest.mark.full
@pytest.mark.parametrize("wrong", [{"price": -1}, *further({"licenses": -1}, {"price": 10**12}, {"licenses": 10**7})])
async def test_a_correction_out_of_range_names_its_field(
    api: httpx.AsyncClient, env: ApiEnvironment, wrong: dict[str, int]
) -> None:
    old = await paid(api, env)
    asked = {"lines": [{"line_id": old["lines"][0]["id"], **wrong}]}

    refused = await api.post(f"/api/v1/invoices/{old['id']}/reissue", json=asked)

    assert refused.status_code == 422
    [field] = wrong
    assert refused.json()["errors"][0]["field"].endswith(field)


@pytest.mark.full
async def test_an_invoice_given_up_and_a_purchase_that_is_unpaid_say_what_to_do_instead(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    given_up, waiting = await bought(api, env, **BY_MAIL), await bought(api, env, **BY_MAIL)
    await api.post(f"/api/v1/invoices/{given_up['id']}/mark-uncollectible")

    async def is_sent() -> bool:
        return bool((await api.get(f"/api/v1/invoices/{waiting['id']}")).json()["status"] == "open")

    await until(is_sent)
    answers = [await api.post(f"/api/v1/invoices/{one['id']}/reissue") for one in (given_up, waiting)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "invoice_not_reissuable")] * 2
    assert "credit it" in answers[0].json()["detail"]
    assert "start the plan again" in answers[1].json()["detail"]


async def test_only_support_issues_an_invoice_again(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    old = await paid(api, env)
    async with env.client(await env.key(Scope.READ, Scope.WRITE)) as client:
        answers = [await client.post(f"/api/v1/invoices/{old['id']}/{path}") for path in ("reissue", "reissue/preview")]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "scope_missing")] * 2


@pytest.mark.full
async def test_the_printed_invoices_name_one_another(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    old = await paid(api, env)
    new = (await api.post(f"/api/v1/invoices/{old['id']}/reissue")).json()["id"]

    async def has_number() -> bool:
        return (await api.get(f"/api/v1/invoices/{new}")).json()["number"] is not None

    await until(has_number)
    number = (await api.get(f"/api/v1/invoices/{new}")).json()["number"]
    documents = env.engine.documents
    assert f"Replaces</td><td>{old['number']}" in (await documents.html(env.org_id, new)).replace("\n", "")
    assert f"Replaced by</td><td>{number}" in (await documents.html(env.org_id, old["id"])).replace("\n", "")
    assert (await api.get(f"/api/v1/invoices/{new}/pdf")).content.startswith(b"%PDF")
