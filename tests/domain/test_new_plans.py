"""The plan that a customer asks for, whole: who counts, what it costs, when it is due, and what is said of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billflow.domain.calendar import MICROSECOND
from billflow.domain.catalog import Hosting
from billflow.domain.errors import NotEnoughLicenses
from billflow.domain.invoicing.draft import InvoiceKind
from billflow.domain.ledger import Disposition
from billflow.domain.offers import OfferTerms
from billflow.domain.plan import CollectionMethod, LicenseManagement, Plan, PlanStatus, Schedule
from billflow.domain.plan_start import StartFacts, StartPlan, start_plan
from billflow.domain.seats import STALE_AFTER
from billflow.domain.step import PlanEvent
from tests.domain.builders import DAY, START, a_customer, at, catalog, seats

NOW = START + timedelta(microseconds=700)
BY_CARD, BY_INVOICE = CollectionMethod.CHARGE_AUTOMATICALLY, CollectionMethod.SEND_INVOICE
AUTOMATIC, MANUAL = LicenseManagement.AUTOMATIC, LicenseManagement.MANUAL
SERVER = a_customer(hosting=Hosting.SELF_HOSTED)


def facts(**changes: Any) -> StartFacts:
    known = StartFacts(plan_id="new", customer=a_customer(), catalog=catalog(), last_observation=seats(START - DAY, 6))
    return replace(known, **changes)


def asked(tier: str = "cloud_standard", **changes: Any) -> StartPlan:
    return replace(StartPlan(tier=tier, schedule=Schedule.ANNUAL), **changes)


def a_new_plan(**changes: Any) -> Plan:
    """Return a purchase as it waits for its payment."""
    plan = Plan(
        id="new",
        customer_id="customer",
        tier="cloud_standard",
        schedule=Schedule.ANNUAL,
        status=PlanStatus.NEVER_STARTED,
        currency="USD",
        price_per_license=8000,
        license_management=AUTOMATIC,
        collection_method=BY_CARD,
        billing_cycle_anchor=START,
        next_invoice_date=None,
        seats_observed_through=START - DAY,
    )
    return replace(plan, **changes)


AGREED = a_customer(
    currency="EUR", required_plan_tier="cloud_standard", annual_discounted_price=6000, monthly_discounted_price=700
)


@pytest.mark.parametrize(
    ("known", "wanted", "plan"),
    [
        (facts(), asked(), a_new_plan()),
        (facts(last_observation=None), asked(), a_new_plan(seats_observed_through=NOW - MICROSECOND)),
        (
            facts(customer=AGREED),
            asked(schedule=Schedule.MONTHLY, license_management=MANUAL, licenses=6, offer_id="offer"),
            a_new_plan(
                schedule=Schedule.MONTHLY,
                currency="EUR",
                price_per_license=700,
                discount_percent="12.50",
                license_management=MANUAL,
                offer_id="offer",
            ),
        ),
        (
            facts(),
            asked(collection_method=BY_INVOICE, licenses=6),
            a_new_plan(license_management=MANUAL, collection_method=BY_INVOICE),
        ),
        (
            facts(),
            asked(fixed_price=100_000, collection_method=BY_INVOICE),
            a_new_plan(price_per_license=None, fixed_price=100_000, collection_method=BY_INVOICE),
        ),
    ],
)
def test_a_purchase_waits_for_its_payment_on_the_terms_that_were_asked_for(
    known: StartFacts, wanted: StartPlan, plan: Plan
) -> None:
    outcome = start_plan(known, wanted, NOW)

    [invoice] = outcome.invoices
    assert outcome.plan == plan
    assert (invoice.kind, invoice.at) == (InvoiceKind.PURCHASE, NOW)
    assert outcome.events == (PlanEvent("plan.purchase_started", {"licenses": invoice.licenses}),)
    assert (outcome.entries, outcome.last_observation) == ((), known.last_observation)


@pytest.mark.parametrize(("collection", "invoices"), [(BY_CARD, 0), (BY_INVOICE, 1)])
def test_a_trial_runs_at_once_and_is_invoiced_where_it_is_not_charged_to_a_card(
    collection: CollectionMethod, invoices: int
) -> None:
    outcome = start_plan(facts(), asked(collection_method=collection, trial_days=30, licenses=8), NOW)

    licenses = 8 if invoices else 6
    assert outcome.plan == a_new_plan(
        status=PlanStatus.FREE_TRIAL,
        next_invoice_date=at("2024-03-01T10:00"),
        collection_method=collection,
        license_management=MANUAL if invoices else AUTOMATIC,
    )
    assert [(e.event_time, e.licenses, e.licenses_at_next_renewal, e.is_renewal) for e in outcome.entries] == [
        (START, licenses, licenses, True)
    ]
    assert [(invoice.kind, invoice.licenses) for invoice in outcome.invoices] == [
        (InvoiceKind.TRIAL_PURCHASE, 8)
    ] * invoices
    assert outcome.events == (PlanEvent("plan.trial_started", {"days": 30, "licenses": licenses}),)


@pytest.mark.parametrize(
    ("tier", "ends", "price"),
    [
        ("self_hosted_community", None, 0),
        ("self_hosted_complimentary", START + 90 * DAY, 0),
    ],
)
def test_what_is_never_billed_runs_at_once(tier: str, ends: Any, price: int) -> None:
    wanted = asked(
        tier,
        schedule=Schedule.MONTHLY,
        license_management=MANUAL,
        end_date=ends and ends + timedelta(microseconds=9),
    )

    outcome = start_plan(facts(customer=SERVER), wanted, NOW)

    assert outcome.plan == a_new_plan(
        tier=tier, status=PlanStatus.ACTIVE, price_per_license=price, next_invoice_date=ends, end_date=ends
    )
    assert [(e.event_time, e.licenses, e.licenses_at_next_renewal, e.is_renewal) for e in outcome.entries] == [
        (START, 6, 6, True)
    ]
    assert (outcome.allocated, outcome.invoices) == ({1: Disposition.NOTHING_TO_BILL}, ())
    assert outcome.events == (PlanEvent("plan.activated", {"licenses": 6, "tier": tier}),)


@pytest.mark.parametrize(
    ("reported", "licenses"),
    [
        (seats(NOW - STALE_AFTER, 6), 6),
        (seats(NOW - STALE_AFTER - timedelta(microseconds=1), 6), 0),
        (None, 0),
    ],
)
def test_a_free_plan_counts_seats_of_the_last_two_days(reported: Any, licenses: int) -> None:
    outcome = start_plan(facts(customer=SERVER, last_observation=reported), asked("self_hosted_community"), NOW)

    assert [(e.licenses, e.licenses_at_next_renewal) for e in outcome.entries] == [(licenses, licenses)]


@pytest.mark.parametrize(
    ("collection", "granted", "due"),
    [
        (BY_INVOICE, 30, 30),
        (BY_INVOICE, 0, 0),
        (BY_INVOICE, None, 1),
        (BY_CARD, 30, None),
    ],
)
def test_an_offer_grants_its_days_where_an_invoice_is_sent(
    collection: CollectionMethod, granted: int | None, due: int | None
) -> None:
    offer = OfferTerms(tier="cloud_enterprise", currency="USD", fixed_price=120_000, days_until_due=granted)
    wanted = asked("cloud_enterprise", collection_method=collection, offer_id="offer")

    [invoice] = start_plan(facts(offer=offer), wanted, NOW).invoices

    assert invoice.terms.days_until_due == due
    assert invoice.terms.collection_method is collection
    assert (invoice.total, invoice.licenses) == (120_000, 6)


@pytest.mark.parametrize(
    ("changes", "licenses"),
    [
        ({}, 10),
        ({"licenses": 3}, 10),
        ({"licenses": 12}, 10),
        ({"licenses": 12, "license_management": MANUAL}, 12),
        ({"licenses": 12, "collection_method": BY_INVOICE}, 12),
    ],
)
def test_a_purchase_is_for_the_seats_unless_licenses_are_bought_by_hand(changes: dict[str, Any], licenses: int) -> None:
    [invoice] = start_plan(facts(), asked("cloud_plus", **changes), NOW).invoices

    assert invoice.licenses == licenses


@pytest.mark.parametrize("management", [{"license_management": MANUAL}, {"collection_method": BY_INVOICE}])
def test_licenses_bought_by_hand_have_to_be_named_and_be_enough(management: dict[str, Any]) -> None:
    for licenses in (None, 9):
        with pytest.raises(NotEnoughLicenses) as refusal:
            start_plan(facts(), asked("cloud_plus", licenses=licenses, **management), NOW)

        assert refusal.value.minimum == 10


def test_a_purchase_is_for_one_license_at_least() -> None:
    exempt = a_customer(exempt_from_license_number_check=True)

    [invoice] = start_plan(facts(customer=exempt, last_observation=None), asked(), NOW).invoices

    assert invoice.licenses == 1


def test_a_trial_of_basic_by_invoice_has_the_usual_minimum() -> None:
    spent = replace(SERVER, flat_discounted_months=0)

    with pytest.raises(NotEnoughLicenses) as refusal:
        start_plan(
            facts(customer=spent, last_observation=None),
            asked("self_hosted_basic", collection_method=BY_INVOICE, trial_days=30, licenses=5),
            NOW,
        )

    assert refusal.value.minimum == 6


@pytest.mark.parametrize("fields", [{"trial_days": 0}, {"trial_days": 730}, {"fixed_price": 1}, {"fixed_price": 10**9}])
def test_a_request_may_go_to_its_limits(fields: dict[str, Any]) -> None:
    assert asked(**fields) == StartPlan(tier="cloud_standard", schedule=Schedule.ANNUAL, **fields)
