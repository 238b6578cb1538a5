"""Recurring add-ons: billed with each cycle, prorated within one, at a price that stays (rules 35.2)."""

from dataclasses import replace
from typing import Any

import pytest

from billflow.domain import commands as c
from billflow.domain.add_ons import AddOnLedger
from billflow.domain.catalog import AddOn, Catalog
from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.invoicing.explain import explain
from billflow.domain.plan import CollectionMethod, LicenseManagement, Schedule
from billflow.domain.plan_start import StartPlan
from billflow.domain.settings import BillingSettings
from tests.domain.builders import DAY, an_entry, at, catalog
from tests.domain.life import Life, life_of

BY_HAND = StartPlan(
    tier="cloud_standard", schedule=Schedule.MONTHLY, licenses=2, license_management=LicenseManagement.MANUAL
)
START = at("2024-01-31T10:00")
DUE, NEXT, THIRD = at("2024-02-29T10:00"), at("2024-03-31T10:00"), at("2024-04-30T10:00")
SECOND_HALF = START + (DUE - START) / 2
PRICES = {"USD": {Schedule.MONTHLY: 1000, Schedule.ANNUAL: 10_000}}
SUPPORT = AddOn(code="support", name="Support", tiers=("cloud_standard",), maximum_quantity=5, prices=PRICES)


def a_life(settings: BillingSettings | None = None, **changes: Any) -> Life:
    life = life_of("cloud_standard", replace(BY_HAND, **changes), 2, settings=settings or BillingSettings())
    life.facts = replace(life.facts, catalog=sold())
    return life


def sold(**changes: Any) -> Catalog:
    return replace(catalog(), add_ons={**catalog().add_ons, "support": replace(SUPPORT, **changes)})


def holds(quantity: int, add_on: str = "storage", price: int | None = None) -> c.SetAddOn:
    return c.SetAddOn(add_on=add_on, quantity=quantity, price=price)


def billed(life: Life) -> list[list[tuple[LineKind, int, int]]]:
    """Return kind, quantity and amount of the add-on lines of each invoice but the purchase, the renewal last."""
    kinds = (LineKind.ADD_ON, LineKind.ADDITIONAL_ADD_ON, LineKind.ADD_ON_END_DATE_CHANGE)
    return [
        sorted(
            ((line.kind, line.quantity, line.amount) for line in invoice.lines if line.kind in kinds),
            key=lambda line: line[0] is LineKind.ADD_ON,
        )
        for invoice in life.invoices[1:]
    ]


def test_what_is_added_within_a_cycle_is_prorated_and_renews_in_full() -> None:
    life = a_life()
    assert life.command(holds(3), SECOND_HALF).invoices == ()
    life.backfill(NEXT)

    assert billed(life) == [
        [(LineKind.ADDITIONAL_ADD_ON, 3, 750), (LineKind.ADD_ON, 3, 1500)],
        [(LineKind.ADD_ON, 3, 1500)],
    ]
    assert [line.description for line in life.invoices[1].lines] == [
        "Cloud Standard - renewal",
        "Extra storage, 100 GB",
        "Additional Extra storage, 100 GB",
    ]
    assert "3 x USD 5" in explain(life.invoices[2].lines[1], "USD").sentence


def test_an_annual_plan_bills_an_addition_at_its_next_monthly_date() -> None:
    life = a_life(schedule=Schedule.ANNUAL)
    life.command(holds(1), START + 366 * DAY / 2)
    life.backfill(at("2025-01-31T10:00"))

    assert [(line.kind, line.amount) for line in life.invoices[1].lines] == [(LineKind.ADDITIONAL_ADD_ON, 2500)]
    assert [line.amount for line in life.invoices[2].lines] == [16_000, 5000]


def test_fewer_count_from_the_next_renewal_on_and_nothing_is_credited() -> None:
    life = a_life()
    life.command(holds(3), START + DAY)
    life.backfill(DUE)
    outcome = life.command(holds(1), DUE + DAY)
    life.backfill(NEXT)
    life.command(holds(0), NEXT + DAY)
    life.backfill(THIRD)
    life.backfill(at("2024-05-31T10:00"))

    assert (outcome.credit, outcome.invoices) == (0, ())
    assert [lines[-1:] for lines in billed(life)] == [
        [(LineKind.ADD_ON, 3, 1500)],
        [(LineKind.ADD_ON, 1, 500)],
        [],
        [],
    ]


def test_what_was_lowered_and_is_raised_again_within_the_cycle_is_billed_once() -> None:
    life = a_life()
    life.command(holds(2), START)
    life.backfill(DUE)
    for quantity in (1, 2, 3):
        life.command(holds(quantity), DUE + DAY)
    life.backfill(NEXT)

    assert billed(life)[1] == [(LineKind.ADDITIONAL_ADD_ON, 1, 484), (LineKind.ADD_ON, 3, 1500)]


def test_additions_of_one_day_are_one_line_unless_their_prices_differ() -> None:
    life = a_life()
    life.command(holds(1), START + DAY)
    life.command(holds(3), START + DAY)
    life.command(holds(4, price=100), START + DAY)
    life.backfill(DUE)
    assert [(kind, n) for kind, n, _ in billed(life)[0]] == [
        (LineKind.ADDITIONAL_ADD_ON, 3),
        (LineKind.ADDITIONAL_ADD_ON, 1),
        (LineKind.ADD_ON, 4),
    ]
    assert billed(life)[0][-1] == (LineKind.ADD_ON, 4, 400)

    alone = a_life(BillingSettings(bundle_additions_by_date=False))
    alone.command(holds(1), START + DAY)
    alone.command(holds(3), START + DAY)
    alone.backfill(DUE)
    assert [n for _, n, _ in billed(alone)[0]] == [1, 2, 3]


def test_the_price_stays_until_the_add_on_is_given_up() -> None:
    life = a_life()
    life.command(holds(1, "support"), START)
    dearer = {"USD": {Schedule.MONTHLY: 3000, Schedule.ANNUAL: 30_000}}
    life.facts = replace(life.facts, catalog=sold(prices=dearer))
    life.command(holds(2, "support"), DUE)
    life.command(holds(0, "support"), NEXT + DAY)
    life.backfill(THIRD)
    life.command(holds(1, "support"), THIRD)
    life.backfill(at("2024-05-31T10:00"))

    assert [line[-1][2] if line else 0 for line in billed(life)] == [1000, 2000, 0, 3000]


def test_an_agreed_price_renews_from_the_next_cycle_on() -> None:
    life = a_life()
    life.command(holds(2), START)
    life.command(holds(2, price=450), START + DAY)
    life.backfill(NEXT)

    assert billed(life) == [
        [(LineKind.ADDITIONAL_ADD_ON, 2, 1000), (LineKind.ADD_ON, 2, 900)],
        [(LineKind.ADD_ON, 2, 900)],
    ]


def test_a_switch_of_schedule_takes_the_price_of_the_new_one() -> None:
    life = a_life()
    life.command(holds(2), START + DAY)
    life.command(c.SwitchToAnnual(), START + DAY)
    life.backfill(DUE)

    old, new = life.invoices[1:]
    assert [line.kind for line in old.lines] == [LineKind.ADDITIONAL_ADD_ON]
    assert [(line.kind, line.amount) for line in new.lines] == [(LineKind.RENEWAL, 16_000), (LineKind.ADD_ON, 10_000)]


def test_a_schedule_without_a_price_for_what_the_plan_holds_is_refused_until_it_is_given_up() -> None:
    life = a_life()
    life.facts = replace(life.facts, catalog=sold(prices={"USD": {Schedule.MONTHLY: 1000}}))
    life.command(holds(1, "support"), START + DAY)
    with pytest.raises(Refused, match="set its quantity to 0 first") as refused:
        life.command(c.SwitchToAnnual(), START + DAY)
    assert (refused.value.code, refused.value.field) == ("add_on_without_price", "schedule")

    life.command(holds(0, "support"), START + DAY)
    life.command(c.SwitchToAnnual(), START + DAY)
    with pytest.raises(InvalidInput) as unlisted:
        life.command(holds(1, "support"), START + DAY)
    assert unlisted.value.code == "unknown_schedule"
    life.backfill(DUE)
    assert billed(life)[-1] == []


def test_a_higher_tier_goes_on_with_what_it_is_sold_with_and_credits_the_rest_of_the_cycle() -> None:
    life = a_life()
    life.command(holds(1, "support"), START)
    life.command(holds(2), START)
    life.backfill(DUE)
    upgrade = c.UpgradeTierNow(tier="cloud_plus")
    with pytest.raises(Refused, match="not sold with Cloud Plus; set its quantity to 0") as refused:
        life.command(upgrade, DUE + DAY)
    assert refused.value.code == "add_on_not_for_tier"

    life.command(holds(0, "support"), DUE + DAY)
    half = DUE + (NEXT - DUE) / 2
    outcome = life.command(upgrade, half)
    assert outcome.credit == (2 * 800 + 2 * 500 + 1000) / 2
    assert [(line.kind, line.amount) for line in life.invoices[-1].lines] == [
        (LineKind.RENEWAL, 12_000),
        (LineKind.ADD_ON, 1000),
    ]


def test_a_trial_bills_no_add_on_and_its_first_cycle_all_of_them() -> None:
    life = a_life(trial_days=30)
    life.command(holds(3), START + DAY)
    life.command(holds(2), START + 2 * DAY)
    life.backfill(START + 30 * DAY)

    assert [(line.kind, line.amount) for line in life.invoices[-1].lines] == [
        (LineKind.INITIAL_UPGRADE, 1600),
        (LineKind.ADD_ON, 1000),
    ]


def test_a_trial_that_was_paid_for_bills_its_add_ons_when_it_ends() -> None:
    life = a_life(trial_days=30, collection_method=CollectionMethod.SEND_INVOICE)
    life.command(holds(2), START + DAY)
    life.facts = replace(life.facts, trial_invoice_paid=True)
    life.backfill(START + 30 * DAY)

    assert [(line.kind, line.amount) for line in life.invoices[-1].lines] == [(LineKind.ADD_ON, 1000)]


def test_add_ons_go_along_where_a_trial_changes_its_schedule() -> None:
    life = a_life(trial_days=30)
    life.command(holds(2), START + DAY)
    life.command(c.SwitchToAnnual(), START + 2 * DAY)
    life.backfill(START + 30 * DAY)

    assert [line.amount for line in life.invoices[-1].lines] == [16_000, 10_000]


def test_an_end_date_that_moves_moves_what_was_added_within_the_cycle() -> None:
    life = a_life(schedule=Schedule.ANNUAL)
    life.command(c.SetEndDate(end_date=START + 183 * DAY), START + DAY)
    life.command(holds(1), START + 61 * DAY)
    life.backfill(START + 100 * DAY)
    life.command(c.RemoveEndDate(), START + 100 * DAY)
    life.backfill(START + 130 * DAY)

    first, moved = life.invoices[1].lines[0], life.invoices[2].lines[0]
    assert (first.amount, moved.amount) == (1667, 4167 - 1667)
    assert (moved.kind, moved.description) == (
        LineKind.ADD_ON_END_DATE_CHANGE,
        "Additional Extra storage, 100 GB, end date moved",
    )


@pytest.mark.parametrize("ending", [c.DowngradeAtEndOfCycle(), c.SetEndDate(end_date=DUE)])
def test_the_end_of_a_plan_bills_what_was_added_and_ends_its_add_ons(ending: c.PlanCommand) -> None:
    life = a_life()
    life.command(holds(2), SECOND_HALF)
    life.command(ending, SECOND_HALF)
    life.backfill(THIRD)

    assert billed(life) == [[(LineKind.ADDITIONAL_ADD_ON, 2, 500)]]


def test_end_now_forgives_what_was_added() -> None:
    life = a_life()
    life.command(holds(2), SECOND_HALF)
    life.command(c.EndNow(), SECOND_HALF + DAY)
    life.backfill(THIRD)

    assert billed(life) == []


def test_a_fixed_price_covers_the_licenses_alone() -> None:
    life = a_life(fixed_price=120_000, licenses=None, license_management=LicenseManagement.AUTOMATIC)
    life.command(holds(2), SECOND_HALF)
    life.backfill(NEXT)

    assert [[line.amount for line in invoice.lines] for invoice in life.invoices[1:]] == [
        [10_000, 1000, 500],
        [10_000, 1000],
    ]


def test_a_suspension_that_outlasts_the_cycle_bills_none_of_its_time() -> None:
    life = a_life()
    life.command(holds(2), SECOND_HALF)
    life.suspend(SECOND_HALF + DAY)
    with pytest.raises(Refused) as refused:
        life.command(holds(3), SECOND_HALF + 2 * DAY)
    life.resume(DUE + 9 * DAY)

    assert refused.value.code == "customer_suspended"
    assert billed(life) == [[(LineKind.ADDITIONAL_ADD_ON, 2, 500)], [(LineKind.ADD_ON, 2, 1000)]]
    assert life.invoices[2].lines[1].derivation.period.start == DUE + 9 * DAY


def test_the_ledger_of_add_ons_numbers_on_from_the_renewal_and_drops_what_is_not_renewed() -> None:
    storage, support = (
        an_entry(seq, START, 3, add_on=code, price=500) for seq, code in ((2, "storage"), (3, "support"))
    )
    ledger = AddOnLedger([storage])
    ledger.append(support)
    ledger.append(replace(storage, seq=4, licenses_at_next_renewal=5))
    assert {code: (one.seq, one.licenses_at_next_renewal) for code, one in ledger.newest.items()} == {
        "storage": (4, 5),
        "support": (3, 3),
    }

    ledger.renew(an_entry(5, DUE, 10, is_renewal=True))

    begun = [one for one in ledger.entries if one.event_time == DUE]
    assert [(one.seq, one.add_on, one.licenses, one.is_renewal, one.allocated) for one in begun] == [
        (6, "storage", 5, True, False),
        (7, "support", 3, True, False),
    ]
    carried = AddOnLedger()
    for one in (storage, replace(support, licenses_at_next_renewal=0)):
        carried.carry(one)
    assert (carried.newest, carried.entries, carried.last_seq) == ({"storage": storage}, [], 0)
