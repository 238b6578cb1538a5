"""Trials by card and by invoice, with every ending."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billflow.domain.activation import activate, start_after_trial
from billflow.domain.billing_dates import process_billing_date
from billflow.domain.catalog import Hosting
from billflow.domain.commands import (
    ExtendTrial,
    SetLicenseManagement,
    SetLicenses,
    SetLicensesAtRenewal,
    SwitchToMonthly,
)
from billflow.domain.errors import AlreadySubscribed, NeedsAttention, Refused
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.items import Item
from billflow.domain.lifecycle import take_command
from billflow.domain.plan import CollectionMethod, LicenseManagement, PlanStatus, Schedule
from billflow.domain.plan_start import StartFacts, StartPlan, start_plan
from billflow.domain.projection import after
from billflow.domain.step import Facts
from tests.domain.builders import DAY, START, a_customer, an_entry, catalog, seats, usd
from tests.domain.life import Life

ENDS = START + 60 * DAY


def a_trial(collection: CollectionMethod, **changes: object) -> Life:
    facts = StartFacts(plan_id="plan", customer=a_customer(), catalog=catalog(), last_observation=seats(START, 6))
    facts = replace(facts, **changes)  # type: ignore[arg-type]
    tier = "self_hosted_basic" if facts.customer.hosting is Hosting.SELF_HOSTED else "cloud_standard"
    wanted = StartPlan(tier=tier, schedule=Schedule.ANNUAL, licenses=12, collection_method=collection, trial_days=60)
    started = start_plan(facts, wanted, START)
    life = Life(Facts(plan=started.plan, customer=facts.customer, catalog=catalog()))
    life.take(started)
    return life


def by_card() -> Life:
    return a_trial(CollectionMethod.CHARGE_AUTOMATICALLY)


def by_invoice(**changes: object) -> Life:
    return a_trial(CollectionMethod.SEND_INVOICE, **changes)


def test_a_trial_by_card_charges_once_for_all_who_joined() -> None:
    life = by_card()
    life.observe(seats(START + DAY, 12))
    life.observe(seats(START + 31 * DAY, 15))
    life.backfill(ENDS)

    assert [invoice.total for invoice in life.invoices] == [15 * usd("80")]
    assert life.facts.plan.billing_cycle_anchor == ENDS
    assert life.facts.plan.status is PlanStatus.ACTIVE


@pytest.mark.parametrize("trial_days", [60, 0])
def test_seats_that_are_counted_at_the_very_moment_of_the_start_are_billed(trial_days: int) -> None:
    customer = a_customer()
    asked = StartPlan(tier="cloud_standard", schedule=Schedule.MONTHLY, licenses=1, trial_days=trial_days)
    started = start_plan(StartFacts(plan_id="plan", customer=customer, catalog=catalog()), asked, START)
    life = Life(Facts(plan=started.plan, customer=customer, catalog=catalog()))
    life.take(started)
    if not trial_days:
        life.take(activate(life.facts, START))
    life.observe(seats(START, 3))
    life.backfill(START + 70 * DAY)

    assert sum(invoice.total for invoice in life.invoices) == (1 if trial_days else 3) * 3 * usd("8")


def test_a_trial_bought_by_invoice_bills_its_first_period_at_once_due_when_the_trial_ends() -> None:
    invoice = by_invoice().invoices[0]

    assert invoice.lines[0].derivation.period.start == ENDS
    assert invoice.terms.days_until_due == 60
    assert invoice.total == 12 * usd("80")


def test_a_trial_begun_within_a_second_is_due_after_all_of_its_days() -> None:
    facts = StartFacts(plan_id="plan", customer=a_customer(), catalog=catalog(), last_observation=seats(START, 6))
    wanted = StartPlan(
        tier="cloud_standard",
        schedule=Schedule.ANNUAL,
        licenses=12,
        collection_method=CollectionMethod.SEND_INVOICE,
        trial_days=60,
    )
    started = start_plan(facts, wanted, START + timedelta(microseconds=500_000))

    assert started.invoices[0].terms.days_until_due == 60


def test_a_paid_trial_goes_on_and_bills_only_what_goes_beyond() -> None:
    life = by_invoice()
    life.command(SetLicensesAtRenewal(licenses=14), START + DAY)
    life.facts = replace(life.facts, trial_invoice_paid=True)
    life.command(SetLicensesAtRenewal(licenses=16), START + 2 * DAY)
    life.backfill(ENDS)

    line = life.invoices[-1].lines[0]
    assert (line.quantity, line.unit_amount, line.derivation.period.start) == (2, usd("80"), ENDS)


def test_a_paid_trial_can_not_start_with_fewer_licenses_than_were_paid_for() -> None:
    life = by_invoice()
    life.facts = replace(life.facts, trial_invoice_paid=True)

    with pytest.raises(Refused) as refusal:
        life.command(SetLicensesAtRenewal(licenses=8), START + DAY)

    assert refusal.value.code == "already_paid"


def test_a_paid_trial_that_turns_automatic_bills_no_license_twice() -> None:
    life = by_invoice()
    life.facts = replace(life.facts, trial_invoice_paid=True)
    life.command(SetLicenseManagement(license_management=LicenseManagement.AUTOMATIC), START + DAY)
    life.observe(seats(START + 2 * DAY, 3))
    life.backfill(ENDS)
    life.observe(seats(ENDS + 5 * DAY, 13))
    life.backfill(ENDS + 62 * DAY)

    assert [entry.licenses for entry in life.facts.ledger if entry.event_time >= ENDS] == [12, 12, 13]
    assert [invoice.lines[0].quantity for invoice in life.invoices] == [12, 1]


def test_an_unpaid_trial_ends_without_a_charge() -> None:
    life = by_invoice()
    life.backfill(ENDS)

    assert life.facts.plan.status is PlanStatus.ENDED
    assert len(life.invoices) == 1


def test_a_trials_invoice_that_is_paid_late_starts_a_fresh_plan_then() -> None:
    life = by_invoice()
    life.backfill(ENDS)

    outcome = start_after_trial(life.facts, "new", ENDS + 8 * DAY)

    assert outcome.plan.billing_cycle_anchor == ENDS + 8 * DAY
    assert (outcome.plan.id, outcome.plan.status) == ("new", PlanStatus.ACTIVE)
    assert outcome.entries[0].licenses == 12
    assert outcome.invoices == ()


def test_the_plan_after_a_trial_that_was_paid_late_bills_nothing_that_belonged_to_the_trial() -> None:
    life = by_invoice()
    life.backfill(ENDS)
    item = Item(seq=1, description="Set-up", unit_amount=500, quantity=1, added_at=START)
    storage = an_entry(9, START, 3, add_on="storage", price=500, allocated=False)
    facts = replace(life.facts, items=(item,), add_ons=(storage,), last_observation=seats(ENDS + 7 * DAY, 15))

    [invoice] = start_after_trial(
        replace(facts, plan=replace(facts.plan, license_management=LicenseManagement.AUTOMATIC)), "new", ENDS + 8 * DAY
    ).invoices

    assert [(line.kind, line.quantity) for line in invoice.lines] == [(LineKind.ADDITIONAL_LICENSES, 3)]


def test_paying_for_a_trial_does_not_start_a_second_plan() -> None:
    life = by_invoice()
    with pytest.raises(Refused):
        start_after_trial(life.facts, "new", START + DAY)
    life.backfill(ENDS)
    with pytest.raises(AlreadySubscribed):
        start_after_trial(life.facts, "new", ENDS + DAY, has_live_plan=True)


def test_changing_an_unpaid_trial_replaces_its_invoice_with_the_same_discount() -> None:
    customer = a_customer(hosting=Hosting.SELF_HOSTED, flat_discounted_months=12)
    life = by_invoice(customer=customer)
    outcome = life.command(SetLicensesAtRenewal(licenses=20), START + 10 * DAY)

    first, second = life.invoices
    assert outcome.void_trial_invoice
    assert [line.amount for line in first.lines] == [12 * usd("42"), -12 * usd("20")]
    assert [line.amount for line in second.lines] == [20 * usd("42"), -12 * usd("20")]
    assert second.terms.days_until_due == 50
    assert life.facts.customer.flat_discounted_months == 0


def test_a_trial_bought_by_invoice_whose_invoice_is_missing_needs_attention() -> None:
    life = by_invoice()
    lost = replace(life.facts, trial_invoice_paid=None)

    with pytest.raises(NeedsAttention) as on_hold:
        process_billing_date(lost, ENDS)

    assert on_hold.value.code == "trial_invoice_missing"


def test_the_schedule_of_a_card_trial_changes_at_once_and_keeps_its_end() -> None:
    life = by_card()
    life.command(SwitchToMonthly(), START + DAY)
    plan = life.facts.plan

    assert (plan.status, plan.schedule, plan.price_per_license) == (PlanStatus.FREE_TRIAL, Schedule.MONTHLY, 800)
    assert (plan.billing_cycle_anchor, plan.next_invoice_date) == (START, ENDS)
    life.backfill(ENDS)
    assert [invoice.total for invoice in life.invoices] == [6 * usd("8")]


def test_the_running_licenses_of_a_trial_are_locked() -> None:
    life = by_invoice()

    with pytest.raises(Refused) as refusal:
        life.command(SetLicenses(licenses=30), START + DAY)

    assert refusal.value.code == "trial_current_licenses_locked"


def test_a_longer_trial_ends_later() -> None:
    outcome = take_command(by_card().facts, ExtendTrial(days=10), START + DAY)

    assert outcome.plan.next_invoice_date == ENDS + 10 * DAY


def test_management_of_a_trial_by_invoice_is_manual() -> None:
    assert by_invoice().facts.plan.license_management is LicenseManagement.MANUAL


def test_the_trials_invoice_is_remembered_as_unpaid_until_it_is_paid() -> None:
    life = by_invoice()

    assert life.facts.trial_invoice_paid is False
    assert after(life.facts, process_billing_date(life.facts, ENDS)).trial_invoice_paid is None
