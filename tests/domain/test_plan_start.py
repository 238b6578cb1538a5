"""Starting plans: bought, for a fixed price, or for free."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from billflow.domain.catalog import Hosting
from billflow.domain.coupons import Redeemer
from billflow.domain.customer import CustomerTerms, redeemer
from billflow.domain.errors import BillingError, InvalidInput, NotEnoughLicenses, Refused
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.ledger import Disposition
from billflow.domain.plan import CollectionMethod, LicenseManagement, PlanStatus, Schedule
from billflow.domain.plan_start import StartFacts, StartPlan, abandon, activate, start_plan
from billflow.domain.seats import SeatObservation
from billflow.domain.step import Facts, Outcome
from tests.domain.builders import DAY, START, a_customer, at, catalog, seats, usd
from tests.domain.invoicing.test_coupons import a_coupon, attached


def start_facts(**changes: object) -> StartFacts:
    facts = StartFacts(
        plan_id="plan", customer=a_customer(), catalog=catalog(), last_observation=seats(START, 6), has_live_plan=False
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def self_hosted(**changes: object) -> StartFacts:
    return start_facts(customer=a_customer(hosting=Hosting.SELF_HOSTED, **changes))


def asked(tier: str = "cloud_standard", **changes: object) -> StartPlan:
    return replace(StartPlan(tier=tier, schedule=Schedule.ANNUAL), **changes)  # type: ignore[arg-type]


def paid(facts: StartFacts, wanted: StartPlan, people: int, when: datetime) -> Outcome:
    """Start the plan, and activate it once paid, when that many people are there."""
    bought = start_plan(facts, wanted, START)
    now = Facts(
        plan=bought.plan,
        customer=bought.customer,
        catalog=facts.catalog,
        observations=(seats(when - DAY, people),) if when > START else (),
        last_observation=seats(START, people),
        paid_licenses=bought.invoices[0].licenses or 0,
    )
    return activate(now, when)


def test_a_purchase_bills_the_seats_in_use_and_waits_for_its_payment() -> None:
    outcome = start_plan(start_facts(), asked(), START)

    assert outcome.plan.status is PlanStatus.NEVER_STARTED
    assert outcome.invoices[0].total == 6 * usd("80")
    assert outcome.entries == ()


def test_a_plan_starts_when_its_purchase_is_paid() -> None:
    outcome = paid(start_facts(), asked(), people=6, when=START + 9 * DAY)

    assert outcome.plan.billing_cycle_anchor == START + 9 * DAY
    assert outcome.plan.next_invoice_date == at("2024-03-09T10:00")
    assert outcome.allocated == {1: Disposition.BILLED}


def test_seats_that_came_meanwhile_are_billed_at_once_without_moving_the_next_invoice() -> None:
    outcome = paid(start_facts(), asked(), people=23, when=START)

    line = outcome.invoices[0].lines[0]
    assert (line.kind, line.quantity, line.unit_amount) == (LineKind.ADDITIONAL_LICENSES, 17, usd("80"))
    assert outcome.plan.next_invoice_date == at("2024-02-29T10:00")


def test_seats_that_went_meanwhile_are_not_refunded_but_the_vendor_receives_events_of_it() -> None:
    outcome = paid(start_facts(), asked(), people=5, when=START)

    assert [(e.licenses, e.licenses_at_next_renewal) for e in outcome.entries] == [(6, 6), (6, 5)]
    assert "plan.licenses_discrepancy" in [event.type for event in outcome.events]


def test_a_new_self_hosted_customer_gets_the_flat_discount_on_the_first_invoice() -> None:
    outcome = start_plan(self_hosted(flat_discounted_months=12), asked("self_hosted_business"), START)

    assert outcome.invoices[0].total == 25 * usd("80") - 12 * usd("20")
    assert outcome.invoices[0].flat_discount_months == 12
    assert outcome.customer.flat_discounted_months == 0


def test_a_fixed_price_bills_one_instalment_for_the_whole_year_and_ends_with_it() -> None:
    wanted = asked(schedule=Schedule.MONTHLY, fixed_price=100_000, collection_method=CollectionMethod.SEND_INVOICE)
    outcome = paid(start_facts(), wanted, people=50, when=START)
    invoice = start_plan(start_facts(), wanted, START).invoices[0]

    assert (invoice.total, invoice.lines[0].derivation.period.end) == (8334, at("2025-01-31T10:00"))
    assert outcome.plan.license_management is LicenseManagement.AUTOMATIC
    assert outcome.plan.end_date == at("2025-01-31T10:00")
    assert outcome.invoices == ()


def test_a_purchase_by_invoice_is_manual_and_due_the_next_day() -> None:
    outcome = start_plan(start_facts(), asked(licenses=9, collection_method=CollectionMethod.SEND_INVOICE), START)

    assert outcome.plan.license_management is LicenseManagement.MANUAL
    assert outcome.invoices[0].terms.days_until_due == 1


def test_a_purchase_that_comes_to_nothing_ends_and_gives_up_its_invoice() -> None:
    bought = start_plan(start_facts(), asked(), START)
    outcome = abandon(Facts(plan=bought.plan, customer=bought.customer, catalog=catalog()), "declined", START)

    assert outcome.plan.status is PlanStatus.ENDED
    assert outcome.void_open_invoices


@pytest.mark.parametrize(("wanted", "licenses"), [({}, 6), ({"licenses": 3}, 3)])
def test_an_exempt_customer_buys_what_it_asks_for_or_its_bare_seats(wanted: dict[str, int], licenses: int) -> None:
    exempt = start_facts(customer=a_customer(exempt_from_license_number_check=True))
    outcome = start_plan(exempt, asked("cloud_plus", **wanted), START)

    assert outcome.invoices[0].licenses == licenses


@pytest.mark.parametrize(
    ("wanted", "changes", "licenses"),
    [({}, {}, 10), ({"licenses": 40}, {}, 40), ({}, {"sent_by_support": True}, 0)],
)
def test_a_fixed_price_holds_for_any_number_of_licenses(
    wanted: dict[str, int], changes: dict[str, bool], licenses: int
) -> None:
    facts = replace(start_facts(), **changes)  # type: ignore[arg-type]
    outcome = start_plan(facts, asked("cloud_plus", fixed_price=120_000, **wanted), START)

    assert (outcome.invoices[0].total, outcome.invoices[0].licenses) == (120_000, licenses)


@pytest.mark.parametrize(("reported", "licenses"), [(None, 6), (seats(START - 30 * DAY, 9), 9)])
def test_a_server_that_has_been_silent_buys_for_what_is_known_of_it(
    reported: SeatObservation | None, licenses: int
) -> None:
    facts = replace(self_hosted(flat_discounted_months=12), last_observation=reported)

    assert start_plan(facts, asked("self_hosted_basic"), START).invoices[0].licenses == licenses


def test_a_fixed_price_is_sold_in_currencies_without_a_list_price() -> None:
    facts = self_hosted(currency="JPY", flat_discounted_months=12)
    outcome = start_plan(facts, asked("self_hosted_basic", fixed_price=1_000_000), START)

    assert (outcome.invoices[0].total, outcome.invoices[0].currency) == (1_000_000, "JPY")


def test_complimentary_access_runs_until_its_end_date_and_is_never_billed() -> None:
    outcome = start_plan(self_hosted(), asked("self_hosted_complimentary", end_date=START + 90 * DAY), START)

    assert outcome.plan.status is PlanStatus.ACTIVE
    assert outcome.plan.end_date == outcome.plan.next_invoice_date == START + 90 * DAY
    assert outcome.plan.price_per_license == 0
    assert outcome.invoices == ()


def test_a_community_plan_is_never_visited() -> None:
    outcome = start_plan(self_hosted(), asked("self_hosted_community"), START)

    assert outcome.plan.status is PlanStatus.ACTIVE
    assert outcome.plan.due_at is None
    assert outcome.entries[0].licenses == 6


def test_a_free_plan_starts_without_licenses_where_the_seats_are_not_known() -> None:
    silent = replace(self_hosted(), last_observation=seats(START - 3 * DAY, 6))

    assert start_plan(silent, asked("self_hosted_community"), START).entries[0].licenses == 0


@pytest.mark.parametrize(
    ("facts", "wanted", "code"),
    [
        (start_facts(), asked("gold"), "unknown_tier"),
        (start_facts(), asked("self_hosted_basic"), "tier_not_for_deployment"),
        (start_facts(has_live_plan=True), asked(), "already_subscribed"),
        (start_facts(buying=True), asked(), "purchase_in_progress"),
        (start_facts(), asked("cloud_enterprise"), "unknown_tier"),
        (start_facts(has_offer=True), asked(trial_days=14), "trial_not_available"),
        (start_facts(customer=a_customer(had_plan=True)), asked(trial_days=14), "trial_not_available"),
        (self_hosted(), asked("self_hosted_business", trial_days=14), "trial_not_available"),
        (self_hosted(), asked("self_hosted_complimentary"), "no_end_date"),
        (self_hosted(), asked("self_hosted_complimentary", end_date=START), "no_end_date"),
        (self_hosted(), asked("self_hosted_community", fixed_price=1), "not_a_paid_plan"),
        (start_facts(), asked(end_date=START + DAY), "end_date_not_allowed"),
        (start_facts(customer=a_customer(currency="JPY")), asked(), "unknown_currency"),
    ],
)
def test_what_the_rules_do_not_allow_is_refused(facts: StartFacts, wanted: StartPlan, code: str) -> None:
    with pytest.raises(BillingError) as refusal:
        start_plan(facts, wanted, START)

    assert refusal.value.code == code


def test_a_manual_purchase_below_the_seats_in_use_names_the_minimum() -> None:
    wanted = asked(licenses=5, license_management=LicenseManagement.MANUAL)

    with pytest.raises(NotEnoughLicenses, match="At least 6"):
        start_plan(start_facts(), wanted, START)


@pytest.mark.parametrize(
    "fields",
    [
        {"licenses": 0},
        {"licenses": 1_000_001},
        {"trial_days": -1},
        {"trial_days": 731},
        {"fixed_price": 0},
        {"fixed_price": 10**9 + 1},
        {"end_date": datetime(2030, 1, 1)},  # noqa: DTZ001  the missing zone is the point
    ],
)
def test_a_malformed_request_names_its_field(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        asked(**fields)

    assert refusal.value.field in fields


def test_terms_without_months_left_are_left_alone() -> None:
    terms: CustomerTerms = a_customer()

    assert terms.with_months_spent(0) is terms


def test_a_coupon_is_redeemed_at_the_moment_of_the_purchase_and_by_whom_it_is_for() -> None:
    coupon = a_coupon("20", expires_at=START + DAY)
    facts = start_facts(coupon=attached(coupon))

    assert start_plan(facts, asked(coupon="SPRING25"), START).invoices[0].total == 6 * usd("64")
    with pytest.raises(Refused) as late:
        start_plan(facts, asked(coupon="SPRING25"), START + DAY)
    assert late.value.code == "coupon_expired"
    customer = a_customer(currency="EUR", had_plan=True, coupon=attached(coupon))
    assert redeemer(customer, tier="cloud_plus", fixed_price=True) == Redeemer(
        currency="EUR", had_plan=True, has_coupon="SPRING25", tier="cloud_plus", fixed_price=True
    )
    assert redeemer(a_customer()) == Redeemer(currency="USD", had_plan=False)


def test_a_fixed_price_is_in_steps_of_its_currency() -> None:
    facts = start_facts(customer=a_customer(currency="KWD"))
    with pytest.raises(InvalidInput) as refused:
        start_plan(facts, asked(fixed_price=1005), START)

    assert (refused.value.code, refused.value.field) == ("amount_not_chargeable", "fixed_price")
