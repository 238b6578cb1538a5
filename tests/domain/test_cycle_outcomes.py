"""What each end of a cycle records: the events, what became of the entries, and which terms the plan keeps."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from billflow.domain.billing_dates import process_billing_date
from billflow.domain.catalog import Catalog, TrialWithoutCard
from billflow.domain.cycle import goes_on_with_card, repriced, successor_of
from billflow.domain.ledger import Disposition
from billflow.domain.plan import CollectionMethod, PlanStatus, Schedule
from billflow.domain.step import Facts, Outcome, Step
from tests.domain.builders import DAY, START, a_plan, an_entry, at, catalog, seats, some_facts

DUE = at("2024-02-29T10:00")
TRIAL = a_plan(status=PlanStatus.FREE_TRIAL, next_invoice_date=DUE)
BY_INVOICE = replace(TRIAL, collection_method=CollectionMethod.SEND_INVOICE)
OPEN = (an_entry(1, START, 10, 12, allocated=False),)


def events_of(outcome: Outcome) -> list[tuple[str, Mapping[str, Any]]]:
    return [(event.type, event.data) for event in outcome.events]


def test_a_trial_that_goes_on_or_ends_says_so_and_accounts_for_its_entries() -> None:
    cases: list[tuple[Facts, list[tuple[str, dict[str, object]]], dict[int, Disposition]]] = [
        (
            some_facts(plan=TRIAL, ledger=OPEN),
            [("plan.trial_converted", {"licenses": 12})],
            {1: Disposition.TRIAL, 2: Disposition.BILLED},
        ),
        (
            some_facts(plan=BY_INVOICE, ledger=OPEN, trial_invoice_paid=True),
            [("plan.trial_converted", {"licenses": 12})],
            {1: Disposition.TRIAL, 2: Disposition.BILLED, 3: Disposition.BILLED},
        ),
        (
            some_facts(plan=BY_INVOICE, ledger=OPEN, trial_invoice_paid=False),
            [("plan.ended", {"reason": "trial_not_paid"})],
            {1: Disposition.FORGIVEN},
        ),
        (
            some_facts(plan=replace(TRIAL, status=PlanStatus.DOWNGRADE_AT_END_OF_FREE_TRIAL), ledger=OPEN),
            [("plan.ended", {"reason": "downgrade"})],
            {1: Disposition.FORGIVEN},
        ),
    ]
    for facts, events, allocated in cases:
        outcome = process_billing_date(facts, DUE)
        assert (events_of(outcome), outcome.allocated) == (events, allocated)
        begun = [(one.licenses, one.licenses_at_next_renewal) for one in outcome.entries if one.is_renewal]
        assert begun == ([] if facts.trial_invoice_paid is False or len(allocated) == 1 else [begun_with(facts)])


def begun_with(facts: Facts) -> tuple[int, int]:
    return (10, 12) if facts.trial_invoice_paid else (12, 12)


def test_an_announced_price_holds_from_its_date_on_and_is_announced_no_longer() -> None:
    for since, price, left in ((DUE, 900, None), (DUE + DAY, 800, 900)):
        plan = a_plan(next_price=900, next_price_from=since, discount_percent="20")
        outcome = process_billing_date(some_facts(plan=plan), DUE)

        renewed = outcome.plan
        assert (renewed.price_per_license, renewed.next_price) == (price, left)
        assert renewed.next_price_from == (since if left else None)
        assert renewed.discount_percent == ("20" if left else None)
        repricing = [data for event, data in events_of(outcome) if event == "plan.repriced"]
        assert repricing == ([] if left else [{"price_per_license": 900}])


def test_a_plan_that_takes_over_starts_without_what_was_arranged_for_the_one_before() -> None:
    arranged = a_plan(
        licenses_without_switch=7,
        next_price=900,
        next_price_from=DUE,
        cycle_coupon="Coupon SPRING25",
        cycle_percent_off="20",
        offer_id="offer",
        ended_at=START,
        stale_data_notice_sent=True,
        review_reminder_sent=True,
        end_date=DUE,
    )

    assert successor_of(arranged, DUE, Schedule.ANNUAL) == replace(
        successor_of(a_plan(), DUE, Schedule.ANNUAL), end_date=DUE
    )
    fixed = replace(arranged, price_per_license=None, fixed_price=120_000, discount_percent="20")
    listed = repriced(Step.begin(some_facts(), DUE), fixed)
    assert (listed.price_per_license, listed.fixed_price, listed.discount_percent) == (800, None, None)
    assert (listed.next_price, listed.next_price_from) == (None, None)


def test_only_a_trial_by_card_waits_for_one() -> None:
    tiers = {"cloud_standard": replace(catalog().tier("cloud_standard"), trial_without_card=TrialWithoutCard.PAUSE)}
    entered = DUE + DAY
    waiting = replace(some_facts(plan=TRIAL, observations=(seats(DUE, 10),)), catalog=Catalog(tiers))
    waiting = replace(waiting, customer=replace(waiting.customer, card_since=entered))
    for facts, goes_on in (
        (waiting, entered),
        (replace(waiting, plan=BY_INVOICE), None),
        (replace(waiting, plan=a_plan()), None),
        (replace(waiting, trial_invoice_paid=True), None),
        (replace(waiting, customer=replace(waiting.customer, card_since=None)), None),
        (replace(waiting, customer=replace(waiting.customer, card_since=DUE)), None),
        (replace(waiting, catalog=catalog()), None),
    ):
        assert goes_on_with_card(Step.begin(facts, DUE)) == goes_on


def test_a_tier_that_takes_over_at_the_plans_end_goes_on_with_what_the_other_system_bills() -> None:
    theirs = {
        "parallel_run_since": START,
        "cutover_at": DUE,
        "cutover_status": "cutover_planned",
        "cutover_date": DUE,
        "old_subscription": "sub_1",
    }
    plan = a_plan(end_date=DUE, status=PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END, seats_observed_through=DUE, **theirs)
    follower = a_plan(id="follower", tier="cloud_plus", price_per_license=None, fixed_price=120_000, end_date=None)

    outcome = process_billing_date(some_facts(plan=plan, next_plan=follower), DUE)

    assert outcome.successor is not None
    started = outcome.successor.plan
    assert {name: getattr(started, name) for name in theirs} == theirs
    assert (started.status, started.billing_cycle_anchor, started.predecessor_id) == (PlanStatus.ACTIVE, DUE, "plan")
    assert (started.end_date, started.seats_observed_through) == (at("2025-02-28T10:00"), DUE)
