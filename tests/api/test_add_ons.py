"""Add-ons and items over HTTP: bad input is one sentence with its field, and changes nothing (rules 35)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.shop import TEAM, Shop, opened
from tests.api_environment import ApiEnvironment
from tests.sizes import some

STORAGE = {"name": "Storage", "tiers": ["team"], "maximum_quantity": 5, "prices": {"EUR": {"quarterly": 1500}}}
ITEM = {"type": "add_item", "description": "Set-up", "unit_amount": 50_000}
ADD = {"type": "set_add_on", "add_on": "storage", "quantity": 2}


@pytest.fixture
async def shop(env: ApiEnvironment) -> AsyncIterator[Shop]:
    async with opened(env) as shop:
        await shop.asked("PUT", "/catalog", tier={"team": TEAM}, add_on={"storage": STORAGE})
        yield shop


@pytest.mark.parametrize(
    ("changes", "words"),
    some(
        2,
        [
            ({"prices": {"EUR": {"quarterly": -5}}}, "add_on.storage.prices.EUR.quarterly is -5; a price lies between"),
            ({"prices": {"EUR": {"quarterly": 0}}}, "add_on.storage.prices.EUR.quarterly is 0; name a price"),
            ({"prices": {"EURO": {"quarterly": 5}}}, "add_on.storage.prices.EURO is no ISO 4217 currency"),
            ({"prices": {}}, "add_on.storage.prices is empty; name a price"),
            ({"tiers": ["gold"]}, "add_on.storage.tiers names 'gold', but there is no such tier; the tiers are team"),
            ({"maximum_quantity": 0}, "add_on.storage.maximum_quantity is 0; it must lie between 1 and 1,000,000"),
            ({"name": " "}, "add_on.storage.name is empty; say what invoices call it"),
            ({"price": 5}, "add_on.storage.price is u"),
        ],
    ),
)
async def test_an_add_on_that_cannot_be_sold_is_refused_with_its_place(
    shop: Shop, changes: dict[str, Any], words: str
) -> None:
    body = {"tier": {"team": TEAM}, "add_on": {"storage": STORAGE | changes}}
    answer = await shop.api.put("/api/v1/catalog", json=body)

    assert answer.status_code == 422
    assert words in answer.text.replace('\\"', '"')
    assert (await shop.asked("GET", "/catalog"))["version"] == 1


@pytest.mark.full
async def test_commands_out_of_range_change_nothing_and_say_which_field(shop: Shop) -> None:
    plan = await shop.plan(*await shop.customer(members=4, guests=0))
    path = f"/plans/{plan['id']}"
    wrong = [
        (ITEM | {"unit_amount": -1}, "command.unit_amount"),
        (ITEM | {"quantity": 0}, "command.quantity"),
        (ITEM | {"quantity": 10**12}, "command.quantity"),
        (ITEM | {"description": ""}, "command.description"),
        (ADD | {"quantity": -1}, "command.quantity"),
        (ADD | {"quantity": 6}, "quantity"),
        (ADD | {"add_on": "space"}, "add_on"),
        (ADD | {"quantity": 0}, "quantity"),
        ({"type": "withdraw_item", "item": 1}, "item"),
    ]
    fields = []
    for command, _ in wrong:
        answer = await shop.api.post(f"/api/v1{path}/commands", json=command)
        assert answer.status_code in (409, 422), answer.text
        problem = answer.json()
        fields.append(problem.get("field") or problem["errors"][0]["field"])

    assert [field.rpartition(".")[2] for field in fields] == [field.rpartition(".")[2] for _, field in wrong]
    assert (await shop.asked("GET", f"{path}/items"))["total"] == 0
    assert (await shop.asked("GET", f"{path}/add-ons"))["total"] == 0


async def test_what_is_held_is_previewed_listed_kept_in_the_catalogue_and_part_of_the_revenue(shop: Shop) -> None:
    plan = await shop.plan(*await shop.customer(members=4, guests=0))
    path = f"/plans/{plan['id']}"
    told = await shop.asked("POST", f"{path}/preview", **ADD)
    await shop.asked("POST", f"{path}/commands", **ADD)
    await shop.asked("POST", f"{path}/commands", **ITEM)
    [held] = (await shop.asked("GET", f"{path}/add-ons"))["add_ons"]
    [item] = (await shop.asked("GET", f"{path}/items"))["items"]
    coming = await shop.asked("GET", f"{path}/forecast?count=1")
    report = await shop.asked("GET", f"/customers/{plan['customer_id']}/report")
    diff = await shop.asked(
        "POST", "/catalog/diff", tier={"team": TEAM}, add_on={"storage": STORAGE | {"name": "Room"}}
    )
    removed = await shop.api.put("/api/v1/catalog", json={"tier": {"team": TEAM}})

    shown = {"add_on": "storage", "quantity": 2, "quantity_at_next_renewal": 2, "price": 1500}
    assert told["add_ons"] == [shown]
    assert {name: held[name] for name in shown} == shown
    assert (item["item"], item["amount"], item["status"]) == (1, 50_000, "pending")
    assert [line["description"] for line in coming["invoices"][0]["lines"]] == ["Additional Storage", "Set-up"]
    assert [one["amount"] for one in report["monthly_recurring_revenue"]] == [round((4 * 2500 + 2 * 1500) / 3)]
    assert diff["changes"] == [
        {"tier": None, "add_on": "storage", "field": "name", "before": "Storage", "after": "Room"}
    ]
    assert (removed.status_code, removed.json()["code"]) == (409, "add_on_in_use")
