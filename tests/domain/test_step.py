"""What a step knows of the cycle it is in, hands over to the next plan, and says when it is finished."""

from dataclasses import replace
from datetime import timedelta

from billflow.domain.additions import BilledAddition, ChargedLine
from billflow.domain.billing_dates import live_through
from billflow.domain.calendar import Period
from billflow.domain.items import Item
from billflow.domain.plan import Schedule
from billflow.domain.proration import prorated
from billflow.domain.step import Step
from tests.domain.builders import DAY, START, a_customer, a_plan, an_entry, at, catalog, seats, some_facts

DUE, NEXT, THIRD = at("2024-02-29T10:00"), at("2024-03-31T10:00"), at("2024-04-30T10:00")
FEBRUARY = Period(START, DUE)


def test_a_cycle_is_that_of_its_renewal_and_moment_whatever_was_asked_before() -> None:
    step = Step.begin(some_facts(), THIRD)
    first, second = an_entry(1, START, 10), an_entry(2, DUE, 10, is_renewal=True)

    for entry, moment, cycle in (
        (first, START + DAY, FEBRUARY),
        (second, DUE + DAY, Period(DUE, NEXT)),
        (first, DUE + DAY, Period(START, NEXT)),
        (second, DUE + DAY, Period(DUE, NEXT)),
        (second, NEXT + DAY, Period(DUE, THIRD)),
    ):
        assert step.cycle_of(entry, moment) == cycle
    assert step.cycle_end(START) == DUE
    step.change(schedule=Schedule.ANNUAL)
    assert step.cycle_end(START) == at("2025-01-31T10:00")


def test_the_plan_that_takes_over_has_no_facts_of_the_one_before() -> None:
    derivation = prorated(800, 1, charged=FEBRUARY, cycle=FEBRUARY)
    facts = some_facts(
        next_plan=a_plan(id="next"),
        charged=(ChargedLine(8000, FEBRUARY, paid=True),),
        additions=(BilledAddition(seq=2, description="", derivation=derivation, unit=800, until=DUE),),
        trial_invoice_paid=True,
        former_catalog=catalog(),
        items=(Item(seq=1, description="", unit_amount=1, quantity=1, added_at=START),),
        add_ons=(an_entry(3, START, 2, add_on="storage", price=500),),
    )
    step = Step.begin(facts, DUE)

    begun = step.succeed(a_plan(id="follower"))

    left = begun.facts
    assert (left.plan.id, left.ledger, left.next_plan, left.charged, left.additions) == ("follower", (), None, (), ())
    assert (left.trial_invoice_paid, left.former_catalog, left.items, left.add_ons) == (None, None, (), ())
    assert [(code, one.licenses) for code, one in begun.add_ons.newest.items()] == [("storage", 2)]


def test_a_finished_step_names_the_version_of_the_catalogue_it_went_by() -> None:
    plan = a_plan(catalog_version=3)
    for version, named in ((0, 3), (3, 3), (4, 4)):
        step = Step.begin(some_facts(plan=plan, catalog=replace(catalog(), version=version)), DUE)
        step.credited = (ChargedLine(8000, FEBRUARY, paid=True),)
        outcome = step.finish()
        assert outcome.plan.catalog_version == named
        assert (outcome.plan is plan) is (named == 3)
        assert outcome.credited == step.credited


def test_the_bounds_of_licenses_are_those_of_the_tier_and_the_customer() -> None:
    small = replace(catalog().tier("cloud_standard"), maximum_licenses=9)
    facts = some_facts(customer=a_customer(minimum_licenses=15), last_observation=seats(START, 4))
    exempt = replace(facts, customer=replace(facts.customer, exempt_from_license_number_check=True))

    assert Step.begin(facts, START).license_check(small).maximum == 9
    assert [Step.begin(one, START).billable() for one in (facts, exempt)] == [15, 4]


def test_a_plan_lives_up_to_its_moment_or_up_to_its_suspension_and_not_into_it() -> None:
    instant = timedelta(microseconds=1)
    for since, moment, renewed in (
        (None, NEXT, [DUE, NEXT]),
        (None, NEXT - instant, [DUE]),
        (DUE, DUE, []),
        (DUE, NEXT, []),
        (DUE + instant, NEXT, [DUE]),
        (DUE + 10 * DAY, NEXT, [DUE]),
        (NEXT + DAY, NEXT, [DUE, NEXT]),
    ):
        facts = some_facts(customer=a_customer(suspended_since=since), observations=(seats(THIRD, 10),))
        step = Step.begin(facts, moment)
        live_through(step)
        assert [one.event_time for one in step.finish().entries if one.is_renewal] == renewed, (since, moment)
