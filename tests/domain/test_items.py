"""One-off items: billed once, on the next invoice or on one of their own, whatever the plan does (rules 35.1)."""

from dataclasses import replace
from typing import Any

import pytest

from billflow.domain import commands as c
from billflow.domain.catalog import Hosting
from billflow.domain.errors import InvalidInput, NeedsAttention, Refused
from billflow.domain.invoicing.draft import InvoiceKind, LineKind
from billflow.domain.invoicing.explain import explain
from billflow.domain.invoicing.items import bill_item, withdraw
from billflow.domain.items import MAX_QUANTITY, Item, ItemStatus, checked_quantity
from billflow.domain.lifecycle import take_command
from billflow.domain.plan import CollectionMethod, LicenseManagement, Schedule
from billflow.domain.plan_start import StartPlan
from billflow.domain.preview import forecast, preview
from billflow.domain.step import Step
from tests.domain.builders import DAY, START, a_customer, a_plan, at, seats, some_facts
from tests.domain.life import Life, life_of

MONTHLY = StartPlan(tier="cloud_standard", schedule=Schedule.MONTHLY, licenses=2)
BY_HAND = replace(MONTHLY, license_management=LicenseManagement.MANUAL)
DUE = at("2024-02-29T10:00")
SET_UP = c.AddItem(description="Set-up", unit_amount=50_000)
TRAINING = c.AddItem(description="Training, hours", unit_amount=12_000, quantity=3)
NOW = replace(SET_UP, own_invoice=True)


def a_life(tier: str = "cloud_standard", **changes: Any) -> Life:
    return life_of(tier, replace(BY_HAND, **changes), 2)


def kinds(life: Life) -> list[list[tuple[LineKind, int]]]:
    """Return the lines of each invoice but the purchase."""
    return [[(line.kind, line.amount) for line in invoice.lines] for invoice in life.invoices[1:]]


def statuses(life: Life) -> dict[int, ItemStatus]:
    return {item.seq: item.status for item in life.facts.items}


def test_items_wait_for_the_next_invoice_and_are_billed_once() -> None:
    life = a_life()
    for command in (SET_UP, TRAINING):
        assert life.command(command, START + DAY).invoices == ()

    life.backfill(at("2024-04-15"))

    assert kinds(life) == [
        [(LineKind.RENEWAL, 1600), (LineKind.ITEM, 50_000), (LineKind.ITEM, 36_000)],
        [(LineKind.RENEWAL, 1600)],
    ]
    assert [line.item for line in life.invoices[1].lines] == [None, 1, 2]


def test_an_annual_plan_bills_an_item_at_its_next_monthly_date() -> None:
    life = a_life(schedule=Schedule.ANNUAL)
    life.command(SET_UP, START + DAY)
    life.backfill(at("2024-06-01"))

    assert kinds(life) == [[(LineKind.ITEM, 50_000)]]
    assert life.invoices[1].at == DUE


def test_an_item_on_its_own_invoice_is_billed_at_once_by_the_plans_method() -> None:
    life = a_life(collection_method=CollectionMethod.SEND_INVOICE)
    (invoice,) = life.command(NOW, START + DAY).invoices

    assert (invoice.kind, invoice.at, invoice.total) == (InvoiceKind.RECURRING, START + DAY, 50_000)
    assert (invoice.terms.collection_method, invoice.terms.days_until_due) == (CollectionMethod.SEND_INVOICE, 15)
    assert statuses(life) == {1: ItemStatus.BILLED}


def test_an_item_is_withdrawn_until_it_is_billed() -> None:
    life = a_life()
    life.command(SET_UP, START + DAY)
    life.command(TRAINING, START + DAY)
    outcome = life.command(c.WithdrawItem(item=1), START + 2 * DAY)
    life.backfill(DUE)

    assert [event.type for event in outcome.events] == ["plan.item_withdrawn"]
    assert kinds(life) == [[(LineKind.RENEWAL, 1600), (LineKind.ITEM, 36_000)]]


def test_only_what_waits_can_be_withdrawn() -> None:
    life = a_life()
    life.command(NOW, START + DAY)
    with pytest.raises(Refused, match="no item 1 to withdraw; none waits for an invoice") as refused:
        life.command(c.WithdrawItem(item=1), START + DAY)
    assert (refused.value.code, refused.value.field) == ("no_such_item", "item")

    life.command(TRAINING, START + DAY)
    with pytest.raises(Refused, match="no item 9 to withdraw; name one of 2"):
        life.command(c.WithdrawItem(item=9), START + DAY)


def test_the_time_of_an_item_is_its_own_or_the_moment_it_is_billed_at() -> None:
    year = replace(SET_UP, service_start=at("2024-03-01"), service_end=at("2025-03-01"))
    life = a_life()
    life.command(SET_UP, START + DAY)
    life.command(year, START + DAY)
    life.backfill(DUE)
    told = [explain(line, "USD").sentence for line in life.invoices[1].lines[1:]]

    assert told == [
        "Set-up, on 2024-02-29: 1 x USD 500 = USD 500.",
        "Set-up, from 2024-03-01 00:00 to 2025-03-01 00:00 UTC: 1 x USD 500 = USD 500.",
    ]


def test_the_flat_discount_takes_nothing_of_items_and_add_ons() -> None:
    life = a_life("self_hosted_basic", licenses=6)
    life.facts = replace(life.facts, plan=replace(life.facts.plan, price_per_license=100))
    life.command(SET_UP, START + DAY)
    life.command(c.SetAddOn(add_on="storage", quantity=1), START)
    life.observe(seats(DUE, 2))
    life.backfill(DUE)

    assert kinds(life) == [
        [
            (LineKind.RENEWAL, 600),
            (LineKind.ADD_ON, 500),
            (LineKind.ADDITIONAL_ADD_ON, 500),
            (LineKind.ITEM, 50_000),
            (LineKind.FLAT_DISCOUNT, -600),
        ]
    ]


def test_an_agreed_price_bills_what_was_added_and_leaves_items_to_the_billing_date() -> None:
    life = a_life()
    life.command(SET_UP, START + DAY)
    agreed = c.ApplyDiscount(monthly_discounted_price=700, annual_discounted_price=0)
    life.command(agreed, START + 2 * DAY)
    life.backfill(DUE)

    assert kinds(life) == [[(LineKind.RENEWAL, 1400), (LineKind.ITEM, 50_000)]]


def test_a_change_of_tier_bills_items_and_credits_nothing_of_them() -> None:
    plain, life = a_life(), a_life()
    life.command(NOW, START + DAY)
    life.command(TRAINING, START + DAY)
    upgrade = c.UpgradeTierNow(tier="cloud_plus")
    outcomes = [one.command(upgrade, START + 9 * DAY) for one in (plain, life)]

    assert outcomes[0].credit == outcomes[1].credit > 0
    assert [[line.kind for line in invoice.lines] for invoice in outcomes[1].invoices] == [[LineKind.ITEM]]


@pytest.mark.parametrize(
    "ending", [c.DowngradeAtEndOfCycle(), c.SetEndDate(end_date=START + 20 * DAY), c.SwitchToAnnual()]
)
def test_the_last_invoice_of_a_plan_has_what_waits(ending: c.PlanCommand) -> None:
    life = a_life()
    life.command(SET_UP, START + DAY)
    life.command(ending, START + 2 * DAY)
    life.backfill(DUE)

    assert [line.kind for line in life.invoices[1].lines] == [LineKind.ITEM]


def test_what_is_forgiven_with_the_plan_is_withdrawn() -> None:
    life = a_life()
    life.command(SET_UP, START + DAY)
    outcome = life.command(c.EndNow(), START + 2 * DAY)

    assert [item.status for item in outcome.items] == [ItemStatus.WITHDRAWN]
    assert outcome.invoices == ()
    assert [event.type for event in outcome.events] == ["plan.item_withdrawn", "plan.ended"]


def test_a_trial_bills_an_own_invoice_and_keeps_the_others_for_its_first_cycle() -> None:
    life = a_life(trial_days=30)
    assert [invoice.total for invoice in life.command(NOW, START + DAY).invoices] == [50_000]
    life.command(TRAINING, START + DAY)
    life.backfill(START + 30 * DAY)

    assert [(line.kind, line.amount) for line in life.invoices[-1].lines] == [
        (LineKind.INITIAL_UPGRADE, 1600),
        (LineKind.ITEM, 36_000),
    ]


def test_items_go_along_where_a_trial_changes_its_schedule() -> None:
    life = a_life(trial_days=30)
    life.command(SET_UP, START + DAY)
    life.command(TRAINING, START + DAY)
    life.command(c.WithdrawItem(item=1), START + DAY)
    life.command(c.SwitchToAnnual(), START + 2 * DAY)
    life.command(c.SwitchToMonthly(), START + 3 * DAY)
    life.command(NOW, START + 4 * DAY)
    life.backfill(START + 30 * DAY)

    assert [line.kind for line in life.invoices[-1].lines] == [LineKind.INITIAL_UPGRADE, LineKind.ITEM]
    assert [line.item for line in life.invoices[-1].lines] == [None, 2]


def test_what_waits_through_a_suspension_is_billed_after_it() -> None:
    life = a_life()
    life.command(SET_UP, START + DAY)
    life.suspend(START + 2 * DAY)
    with pytest.raises(Refused, match="suspended") as refused:
        life.command(TRAINING, START + 3 * DAY)
    life.resume(DUE + 9 * DAY)

    assert refused.value.code == "customer_suspended"
    assert kinds(life) == [[(LineKind.RENEWAL, 1600), (LineKind.ITEM, 50_000)]]


def test_a_free_plan_takes_items_on_their_own_invoice_only() -> None:
    free = some_facts(
        plan=a_plan(tier="self_hosted_community", price_per_license=0, next_invoice_date=None),
        customer=a_customer(hosting=Hosting.SELF_HOSTED),
    )
    with pytest.raises(Refused) as refused:
        preview(free, SET_UP, START + DAY)

    assert (refused.value.code, refused.value.field) == ("no_next_invoice", "own_invoice")
    assert [invoice.total for invoice in preview(free, NOW, START + DAY).invoices] == [50_000]


def test_a_fixed_price_is_billed_beside_items() -> None:
    life = life_of("cloud_standard", replace(MONTHLY, fixed_price=120_000, licenses=None), 2)
    life.command(SET_UP, START + DAY)
    life.backfill(DUE)

    assert kinds(life) == [[(LineKind.FIXED_PRICE_RENEWAL, 10_000), (LineKind.ITEM, 50_000)]]


def test_preview_and_forecast_say_what_then_happens() -> None:
    life = a_life()
    told = preview(life.facts, NOW, START + DAY).invoices
    assert told == life.command(NOW, START + DAY).invoices

    life.command(TRAINING, START + DAY)
    coming = forecast(life.facts, 2).invoices
    life.backfill(at("2024-03-31T10:00"))
    assert [invoice.lines for invoice in coming] == [invoice.lines for invoice in life.invoices[-2:]]


def test_a_plan_on_hold_keeps_its_items_for_the_date_it_is_on_hold_at() -> None:
    life = a_life("self_hosted_business", licenses=25)
    life.command(SET_UP, START + DAY)
    with pytest.raises(NeedsAttention):
        life.backfill(DUE)
    taken = take_command(life.facts, TRAINING, DUE + DAY)
    life.take(taken)
    life.observe(seats(DUE + DAY, 2))
    life.backfill(DUE + DAY)

    assert [(line.kind, line.item) for line in life.invoices[1].lines] == [
        (LineKind.RENEWAL, None),
        (LineKind.ITEM, 1),
        (LineKind.ITEM, 2),
        (LineKind.FLAT_DISCOUNT, None),
    ]
    assert life.invoices[1].at == DUE


def test_an_item_too_dear_for_one_charge_is_billed_in_parts() -> None:
    dear = replace(TRAINING, unit_amount=60_000_000, quantity=2)
    life = a_life()
    life.command(dear, START + DAY)
    with pytest.raises(Refused) as held:
        life.backfill(DUE)
    assert held.value.code == "amount_over_maximum"

    invoices = take_command(life.facts, c.Retry(in_parts=True), DUE + DAY).invoices
    lines = [line for invoice in invoices for line in invoice.lines]
    assert [(line.kind, line.item, line.amount) for line in lines] == [
        (LineKind.RENEWAL, None, 1600),
        (LineKind.ITEM, 1, 60_000_000),
        (LineKind.ITEM, None, 60_000_000),
    ]


def test_an_own_invoice_is_within_what_one_charge_can_be() -> None:
    dear = replace(NOW, unit_amount=100_000_000)
    with pytest.raises(Refused) as refused:
        a_life().command(dear, START + DAY)
    assert (refused.value.code, refused.value.field) == ("amount_over_maximum", "unit_amount")

    by_invoice = a_life(collection_method=CollectionMethod.SEND_INVOICE)
    assert by_invoice.command(dear, START + DAY).invoices[0].total == 100_000_000


def test_an_item_is_in_steps_of_the_currency_and_names_itself_where_it_is_withdrawn() -> None:
    item = Item(seq=3, description="Set-up", unit_amount=500, quantity=2, added_at=START)
    step = Step.begin(some_facts(plan=a_plan(currency="KWD"), items=(item,)), START + DAY)

    line = bill_item(step, item)
    withdraw(step, [item])

    assert (line.item, line.amount, line.derivation.step) == (3, 1000, 10)
    assert [(event.type, event.data) for event in step.events] == [("plan.item_withdrawn", {"item": 3})]


def test_as_many_as_the_most_are_billed_and_no_more() -> None:
    assert [checked_quantity(count, least=1) for count in (1, MAX_QUANTITY)] == [1, MAX_QUANTITY]
    for count in (0, MAX_QUANTITY + 1):
        with pytest.raises(InvalidInput) as refused:
            checked_quantity(count, least=1)
        assert refused.value.field == "quantity"
