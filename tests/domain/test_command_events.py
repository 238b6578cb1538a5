"""What each command says happened, with all that its event tells."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billflow.domain import commands as c
from billflow.domain.catalog import Hosting
from billflow.domain.errors import BillingError, InvalidInput, Refused
from billflow.domain.ledger import LicenseCount
from billflow.domain.lifecycle import take_command
from billflow.domain.plan import (
    SUCCESSOR_ID,
    CollectionMethod,
    InvoicingStatus,
    LicenseManagement,
    PlanStatus,
    Schedule,
)
from billflow.domain.settings import BillingSettings
from billflow.domain.step import Facts
from tests.domain.builders import DAY, START, a_customer, a_plan, an_entry, at, catalog, some_facts

NOW, DUE = START + DAY, at("2024-02-29T10:00")
BY_HAND = some_facts(plan=a_plan(license_management=LicenseManagement.MANUAL))
TRIAL = some_facts(plan=a_plan(status=PlanStatus.FREE_TRIAL))
ENDING = some_facts(plan=a_plan(end_date=DUE))
FOLLOWED = some_facts(
    plan=a_plan(end_date=DUE, status=PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END, licenses_without_switch=10),
    next_plan=a_plan(id="follower", tier="cloud_plus", price_per_license=1200),
)
SET_UP = c.AddItem(description=" Set-up ", unit_amount=500, quantity=3)
YEARLY = Schedule.ANNUAL
INVOICED = CollectionMethod.SEND_INVOICE

CASES: list[tuple[Facts, c.PlanCommand, list[tuple[str, dict[str, Any]]]]] = [
    (BY_HAND, c.SetLicenses(licenses=12), [("plan.licenses_changed", {"licenses": 12})]),
    (BY_HAND, c.SetLicensesAtRenewal(licenses=12), [("plan.licenses_at_renewal_changed", {"licenses": 12})]),
    (
        BY_HAND,
        c.SetLicenseManagement(license_management=LicenseManagement.AUTOMATIC),
        [("plan.license_management_changed", {"license_management": LicenseManagement.AUTOMATIC})],
    ),
    (some_facts(), c.SwitchToAnnual(), [("plan.switch_scheduled", {"schedule": Schedule.ANNUAL})]),
    (
        TRIAL,
        c.SwitchToAnnual(),
        [
            ("plan.ended", {"reason": "switched_schedule"}),
            ("plan.replaced", {"tier": "cloud_standard", "schedule": Schedule.ANNUAL}),
        ],
    ),
    (some_facts(), c.DowngradeAtEndOfCycle(), [("plan.downgrade_scheduled", {})]),
    (TRIAL, c.DowngradeAtEndOfFreeTrial(), [("plan.downgrade_scheduled", {})]),
    (FOLLOWED, c.CancelScheduledChange(), [("plan.scheduled_change_canceled", {})]),
    (some_facts(), c.EndNow(), [("plan.ended", {"reason": "ended_now"})]),
    (
        some_facts(),
        c.UpgradeTierNow(tier="cloud_plus"),
        [
            ("plan.ended", {"reason": "switched_tier"}),
            ("plan.replaced", {"tier": "cloud_plus", "schedule": Schedule.MONTHLY}),
        ],
    ),
    (ENDING, c.ScheduleTierAtPlanEnd(tier="cloud_plus"), [("plan.tier_scheduled", {"tier": "cloud_plus"})]),
    (some_facts(), c.SetEndDate(end_date=DUE), [("plan.end_date_set", {"end_date": DUE})]),
    (ENDING, c.RemoveEndDate(), [("plan.end_date_removed", {})]),
    (TRIAL, c.ExtendTrial(days=7), [("plan.trial_extended", {"ends": DUE + 7 * DAY})]),
    (
        some_facts(),
        c.SetCollectionMethod(collection_method=INVOICED),
        [("plan.collection_method_changed", {"collection_method": INVOICED})],
    ),
    (
        some_facts(),
        c.ApplyDiscount(monthly_discounted_price=500, annual_discounted_price=0),
        [("plan.repriced", {"price_per_license": 500})],
    ),
    (some_facts(), c.Retry(), [("plan.retry_requested", {})]),
    (
        some_facts(),
        SET_UP,
        [("plan.item_added", {"item": 1, "description": "Set-up", "amount": 1500, "own_invoice": False})],
    ),
    (
        some_facts(),
        replace(SET_UP, own_invoice=True),
        [("plan.item_added", {"item": 1, "description": "Set-up", "amount": 1500, "own_invoice": True})],
    ),
    (
        some_facts(),
        c.SetAddOn(add_on="storage", quantity=3, price=700),
        [("plan.add_on_changed", {"add_on": "storage", "quantity": 3, "price": 700})],
    ),
]


def test_each_command_says_what_it_changed() -> None:
    for facts, command, events in CASES:
        outcome = take_command(facts, command, NOW)
        assert [(event.type, dict(event.data)) for event in outcome.events] == events, command


def test_a_plan_is_paid_as_was_asked_and_an_item_has_its_moment() -> None:
    assert take_command(some_facts(), c.SetCollectionMethod(collection_method=INVOICED), NOW).plan == replace(
        some_facts().plan, collection_method=INVOICED
    )
    facts, first = some_facts(), take_command(some_facts(), SET_UP, NOW).items
    assert [(item.seq, item.added_at) for item in first] == [(1, NOW)]
    two = replace(facts, items=(*first, replace(first[0], seq=2)))
    with pytest.raises(Refused, match="has no item 7 to withdraw; name one of 1, 2"):
        take_command(two, c.WithdrawItem(item=7), NOW)


def test_a_tier_that_is_taken_back_leaves_the_licenses_and_the_billing_dates_of_before() -> None:
    for kept, entries in ((10, []), (8, [LicenseCount(10, 8)])):
        facts = replace(FOLLOWED, plan=replace(FOLLOWED.plan, licenses_without_switch=kept, next_invoice_date=None))

        outcome = take_command(facts, c.CancelScheduledChange(), NOW)

        assert [LicenseCount(one.licenses, one.licenses_at_next_renewal) for one in outcome.entries] == entries
        assert (outcome.plan.status, outcome.plan.licenses_without_switch) == (PlanStatus.ACTIVE, None)
        assert outcome.plan.next_invoice_date == DUE
        assert outcome.scheduled is not None
        assert (outcome.scheduled.id, outcome.scheduled.status, outcome.scheduled.ended_at) == (
            "follower",
            PlanStatus.ENDED,
            NOW,
        )
        assert outcome.scheduled.next_invoice_date is None
    short = replace(FOLLOWED, settings=BillingSettings(leap_february=False))
    canceled = take_command(short, c.CancelScheduledChange(), NOW)
    assert canceled.plan.next_invoice_date == at("2024-02-28T10:00")


def test_licenses_that_are_set_while_a_tier_is_scheduled_are_those_without_it_too() -> None:
    followed = replace(FOLLOWED, plan=replace(FOLLOWED.plan, license_management=LicenseManagement.MANUAL))
    for command in (c.SetLicenses(licenses=12), c.SetLicensesAtRenewal(licenses=12)):
        assert take_command(followed, command, NOW).plan.licenses_without_switch == 12


def test_an_end_date_is_removed_with_its_reminder_unless_the_plan_is_for_a_time_only() -> None:
    reminded = replace(ENDING, plan=replace(ENDING.plan, review_reminder_sent=True))

    plan = take_command(reminded, c.RemoveEndDate(), NOW).plan

    assert (plan.end_date, plan.review_reminder_sent, plan.next_invoice_date) == (None, False, DUE)
    fixed = a_plan(end_date=DUE, price_per_license=None, fixed_price=120_000)
    given = a_plan(end_date=DUE, tier="self_hosted_complimentary", price_per_license=0)
    for facts in (
        some_facts(plan=fixed),
        some_facts(plan=given, customer=a_customer(hosting=Hosting.SELF_HOSTED)),
    ):
        with pytest.raises(Refused) as refused:
            take_command(facts, c.RemoveEndDate(), NOW)
        assert refused.value.code == "end_date_needed"


def test_a_fixed_price_that_follows_is_in_steps_of_the_currency() -> None:
    ending = replace(ENDING, plan=replace(ENDING.plan, currency="KWD"))
    with pytest.raises(InvalidInput) as refused:
        take_command(ending, c.ScheduleTierAtPlanEnd(tier="cloud_plus", schedule=YEARLY, fixed_price=1005), NOW)

    assert (refused.value.code, refused.value.field) == ("amount_not_chargeable", "fixed_price")


def test_an_add_on_without_a_price_of_the_year_holds_back_an_upgrade_to_the_year() -> None:
    add_on = replace(catalog().add_ons["storage"], prices={"USD": {Schedule.MONTHLY: 500}}, tiers=())
    held = an_entry(2, START, 3, add_on="storage", price=500)
    facts = some_facts(catalog=replace(catalog(), add_ons={"storage": add_on}), add_ons=(held,))

    assert take_command(facts, c.UpgradeTierNow(tier="cloud_plus"), NOW).successor is not None
    with pytest.raises(Refused) as refused:
        take_command(facts, c.UpgradeTierNow(tier="cloud_plus", schedule=YEARLY), NOW)
    assert (refused.value.code, refused.value.field) == ("add_on_without_price", "schedule")


def test_a_tier_is_scheduled_only_with_the_add_ons_that_it_is_sold_with() -> None:
    add_on = replace(catalog().add_ons["storage"], prices={"USD": {Schedule.MONTHLY: 500}}, tiers=("cloud_standard",))
    held = replace(ENDING, add_ons=(an_entry(2, START, 3, add_on="storage", price=500),))
    for tiers, schedule, code in (
        (("cloud_standard",), None, "add_on_not_for_tier"),
        ((), YEARLY, "add_on_without_price"),
        ((), None, None),
    ):
        facts = replace(held, catalog=replace(catalog(), add_ons={"storage": replace(add_on, tiers=tiers)}))
        command = c.ScheduleTierAtPlanEnd(tier="cloud_plus", schedule=schedule)
        if code is None:
            scheduled = take_command(facts, command, NOW).scheduled
            assert scheduled is not None
            assert (scheduled.id, scheduled.tier, scheduled.price_per_license) == (SUCCESSOR_ID, "cloud_plus", 1200)
            assert scheduled.invoicing_status is InvoicingStatus.INITIAL_INVOICE_TO_BE_SENT
            continue
        with pytest.raises(Refused) as refused:
            take_command(facts, command, NOW)
        assert refused.value.code == code


def test_an_upgrade_is_to_a_tier_that_holds_all_who_are_there() -> None:
    for most, fits in ((10, True), (9, False)):
        small = replace(catalog().tier("cloud_plus"), maximum_licenses=most)
        facts = some_facts(catalog=replace(catalog(), tiers={**catalog().tiers, "cloud_plus": small}))
        if fits:
            assert take_command(facts, c.UpgradeTierNow(tier="cloud_plus"), NOW).successor is not None
            continue
        with pytest.raises(BillingError, match="9"):
            take_command(facts, c.UpgradeTierNow(tier="cloud_plus"), NOW)


def test_a_trial_that_changes_its_schedule_keeps_its_dates_licenses_and_items() -> None:
    open_entry = an_entry(1, START, 10, 12, allocated=False)
    facts = take_with_item(replace(TRIAL, ledger=(open_entry,)))

    outcome = take_command(facts, c.SwitchToAnnual(), NOW)

    assert outcome.successor is not None
    follower = outcome.successor.plan
    assert (follower.id, follower.schedule, follower.status) == (SUCCESSOR_ID, Schedule.ANNUAL, PlanStatus.FREE_TRIAL)
    assert (follower.billing_cycle_anchor, follower.next_invoice_date) == (START, DUE)
    assert follower.price_per_license == 8000
    assert [(one.licenses, one.licenses_at_next_renewal, one.is_renewal) for one in outcome.successor.entries] == [
        (12, 12, True)
    ]
    assert [one.seq for one in outcome.successor.items] == [1]
    assert [(one.seq, one.status.value) for one in outcome.items] == [(1, "withdrawn")]
    assert outcome.plan.next_invoice_date is None


def take_with_item(facts: Facts) -> Facts:
    [item] = take_command(facts, SET_UP, NOW - timedelta(hours=1)).items
    return replace(facts, items=(item,))


def test_units_of_an_add_on_are_in_the_bounds_and_the_steps_that_it_is_sold_in() -> None:
    bounded = replace(catalog().add_ons["storage"], maximum_quantity=5)
    facts = some_facts(catalog=replace(catalog(), add_ons={"storage": bounded}))

    [most] = take_command(facts, c.SetAddOn(add_on="storage", quantity=5), NOW).entries
    assert (most.licenses, most.licenses_at_next_renewal, most.is_renewal) == (5, 5, False)
    with pytest.raises(Refused) as too_many:
        take_command(facts, c.SetAddOn(add_on="storage", quantity=6), NOW)
    assert too_many.value.code == "too_many_add_ons"
    dinars = replace(facts, plan=replace(facts.plan, currency="KWD"))
    with pytest.raises(InvalidInput) as uneven:
        take_command(dinars, c.SetAddOn(add_on="storage", quantity=5, price=15), NOW)
    assert (uneven.value.code, uneven.value.field) == ("amount_not_chargeable", "price")


def test_what_a_plan_holds_of_an_add_on_may_get_another_price_although_it_is_sold_no_longer() -> None:
    retired = replace(catalog().add_ons["storage"], tiers=("cloud_plus",))
    held = an_entry(2, START, 3, add_on="storage", price=500)
    facts = some_facts(catalog=replace(catalog(), add_ons={"storage": retired}), add_ons=(held,))

    [cheaper] = take_command(facts, c.SetAddOn(add_on="storage", quantity=3, price=400), NOW).entries

    assert (cheaper.licenses, cheaper.price) == (3, 400)
    with pytest.raises(BillingError):
        take_command(facts, c.SetAddOn(add_on="storage", quantity=4), NOW)


def test_each_add_on_of_a_plan_is_looked_at_before_its_tier_changes() -> None:
    other = replace(catalog().add_ons["storage"], code="support", name="Support", tiers=("cloud_standard",))
    held = (an_entry(2, START, 3, add_on="gone", price=1), an_entry(3, START, 3, add_on="support", price=1))
    facts = some_facts(catalog=replace(catalog(), add_ons={"support": other}), add_ons=held)

    with pytest.raises(Refused) as refused:
        take_command(facts, c.UpgradeTierNow(tier="cloud_plus"), NOW)

    assert refused.value.code == "add_on_not_for_tier"
