"""A trial by card that ends while no card is on file: what its tier says happens."""

from dataclasses import replace
from datetime import datetime

import pytest

from billflow.domain.billing_dates import process_billing_date
from billflow.domain.catalog import Catalog, TrialWithoutCard
from billflow.domain.errors import NeedsAttention
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.ledger import Disposition
from billflow.domain.plan import PlanStatus
from billflow.domain.projection import after
from billflow.domain.step import Facts
from tests.domain.builders import DAY, START, a_plan, catalog, some_facts

ENDS = START + 30 * DAY


def a_trial(policy: TrialWithoutCard, *, card_since: datetime | None = None) -> Facts:
    tiers = {"cloud_standard": replace(catalog().tier("cloud_standard"), trial_without_card=policy)}
    facts = some_facts(plan=a_plan(status=PlanStatus.FREE_TRIAL, next_invoice_date=ENDS), catalog=Catalog(tiers))
    ledger = tuple(replace(entry, allocated=False) for entry in facts.ledger)
    return replace(facts, ledger=ledger, customer=replace(facts.customer, card_since=card_since))


@pytest.mark.parametrize("policy", TrialWithoutCard)
def test_with_a_card_every_trial_becomes_a_plan(policy: TrialWithoutCard) -> None:
    outcome = process_billing_date(a_trial(policy, card_since=START), ENDS)

    [invoice] = outcome.invoices
    assert (outcome.plan.status, outcome.plan.billing_cycle_anchor) == (PlanStatus.ACTIVE, ENDS)
    assert [(line.kind, line.description) for line in invoice.lines] == [(LineKind.INITIAL_UPGRADE, "Cloud Standard")]


def test_without_a_card_the_first_cycle_is_invoiced_all_the_same_by_default() -> None:
    outcome = process_billing_date(a_trial(catalog().tier("cloud_standard").trial_without_card), ENDS)

    assert (outcome.plan.status, outcome.invoices[0].total) == (PlanStatus.ACTIVE, 8000)


@pytest.mark.parametrize("suspended", [False, True])
def test_without_a_card_a_trial_can_end_and_bill_nothing(*, suspended: bool) -> None:
    facts = a_trial(TrialWithoutCard.CANCEL)
    since = ENDS - DAY if suspended else None
    outcome = process_billing_date(replace(facts, customer=replace(facts.customer, suspended_since=since)), ENDS)

    assert (outcome.plan.status, outcome.plan.next_invoice_date) == (PlanStatus.ENDED, None)
    assert (outcome.invoices, outcome.allocated) == ((), {1: Disposition.FORGIVEN})
    assert [event.data.get("reason") for event in outcome.events if event.type == "plan.ended"] == [
        "trial_without_card"
    ]


def test_without_a_card_a_trial_can_wait_and_begin_its_first_cycle_with_the_card() -> None:
    facts = a_trial(TrialWithoutCard.PAUSE)
    with pytest.raises(NeedsAttention) as on_hold:
        process_billing_date(facts, ENDS)
    assert on_hold.value.code == "trial_without_card"

    entered = ENDS + 12 * DAY
    facts = replace(facts, customer=replace(facts.customer, card_since=entered))
    waited = process_billing_date(facts, ENDS)
    assert (waited.plan.status, waited.plan.due_at, waited.invoices) == (PlanStatus.FREE_TRIAL, entered, ())
    assert [(event.type, event.data) for event in waited.events] == [("plan.trial_extended", {"ends": entered})]

    begun = process_billing_date(after(facts, waited), entered)
    assert (begun.plan.status, begun.plan.billing_cycle_anchor) == (PlanStatus.ACTIVE, entered)
    assert begun.invoices[0].lines[0].derivation.period.start == entered
