"""The facts after a step, whole: what the records would load next."""

from dataclasses import replace
from typing import Any

import pytest

from billflow.domain.additions import BilledAddition, ChargedLine
from billflow.domain.calendar import Period
from billflow.domain.catalog import Hosting
from billflow.domain.coupons import CouponUse
from billflow.domain.invoicing.draft import InvoiceDraft, InvoiceKind, Line, LineKind, PaymentTerms
from billflow.domain.items import Item
from billflow.domain.ledger import Disposition
from billflow.domain.plan import CollectionMethod, PlanStatus
from billflow.domain.projection import after
from billflow.domain.proration import Derivation, prorated
from billflow.domain.step import Facts, Outcome
from billflow.domain.tax.amounts import AppliedTax
from billflow.domain.tax.policy import TaxCategory
from tests.domain.builders import DAY, START, a_customer, a_plan, an_entry, at, seats, some_facts
from tests.domain.invoicing.test_coupons import a_coupon, attached

DUE = at("2024-02-29T10:00")
NEXT = at("2024-03-31T10:00")
SERVER = a_customer(hosting=Hosting.SELF_HOSTED, flat_discounted_months=7)
TRIAL = a_plan(status=PlanStatus.FREE_TRIAL)
TERMS = PaymentTerms(CollectionMethod.SEND_INVOICE, auto_advance=True)
BEFORE = some_facts(
    customer=SERVER,
    ledger=(an_entry(1, START, 10), an_entry(2, START + DAY, 12)),
    observations=(seats(DUE, 11), seats(DUE + DAY, 12)),
    next_plan=a_plan(id="next", status=PlanStatus.NEVER_STARTED),
    charged=(
        ChargedLine(8000, Period(START, DUE), paid=True),
        ChargedLine(96000, Period(START, DUE + DAY), paid=False),
    ),
    paid_licenses=3,
    trial_invoice_paid=True,
    trial_discounted_months=5,
)


def line(amount: int, period: Period) -> Line:
    return Line(LineKind.RENEWAL, "", Derivation(price=amount, quantity=1, period=period))


def invoice(kind: InvoiceKind, *lines: Line, **changes: Any) -> InvoiceDraft:
    draft = InvoiceDraft(kind=kind, at=DUE, currency="USD", lines=lines, terms=TERMS, statement_descriptor="")
    return replace(draft, **changes)


def outcome(**changes: Any) -> Outcome:
    plan = a_plan(seats_observed_through=DUE, next_invoice_date=NEXT)
    return replace(Outcome(at=DUE, plan=plan, customer=SERVER, last_observation=seats(DUE, 11)), **changes)


def test_what_a_step_decided_is_what_the_next_one_begins_with() -> None:
    renewal = an_entry(3, DUE, 12, is_renewal=True, allocated=False)
    bought = invoice(InvoiceKind.RECURRING, line(9600, Period(DUE, NEXT)), line(160, Period(START + DAY, DUE)))
    step = outcome(
        customer=replace(SERVER, flat_discounted_months=6),
        entries=(renewal,),
        allocated={2: Disposition.BILLED, 3: Disposition.BILLED},
        invoices=(bought,),
    )

    assert after(BEFORE, step, paid=False) == replace(
        BEFORE,
        plan=step.plan,
        customer=replace(SERVER, flat_discounted_months=6),
        ledger=(BEFORE.ledger[0], replace(BEFORE.ledger[1], allocated=True), replace(renewal, allocated=True)),
        observations=(seats(DUE + DAY, 12),),
        last_observation=seats(DUE, 11),
        charged=(BEFORE.charged[1], ChargedLine(9600, Period(DUE, NEXT), paid=False)),
        trial_invoice_paid=None,
    )


def test_lines_count_as_paid_unless_it_is_said_otherwise() -> None:
    step = outcome(invoices=(invoice(InvoiceKind.RECURRING, line(9600, Period(DUE, NEXT))),))

    assert after(BEFORE, step).charged[-1] == ChargedLine(9600, Period(DUE, NEXT), paid=True)


def test_what_nothing_was_decided_about_stays_open() -> None:
    facts = after(BEFORE, outcome(entries=(an_entry(3, DUE, 12),), allocated={}))
    partly = after(BEFORE, outcome(entries=(an_entry(3, DUE, 12),), allocated={3: Disposition.BILLED}))

    assert [entry.allocated for entry in facts.ledger] == [True, False, False]
    assert [entry.allocated for entry in partly.ledger] == [True, False, True]


def test_the_facts_are_those_of_the_plan_that_took_over() -> None:
    follower = a_plan(id="successor", billing_cycle_anchor=DUE, seats_observed_through=DUE)
    entry = an_entry(1, DUE, 12)
    first = invoice(InvoiceKind.RECURRING, line(9600, Period(DUE, NEXT)))
    taken_over = outcome(plan=follower, entries=(entry,), allocated={1: Disposition.BILLED}, invoices=(first,))

    found = after(BEFORE, outcome(plan=a_plan(status=PlanStatus.ENDED), successor=taken_over), paid=False)

    assert found == replace(
        BEFORE,
        plan=follower,
        ledger=(entry,),
        observations=(seats(DUE + DAY, 12),),
        last_observation=seats(DUE, 11),
        next_plan=None,
        charged=(ChargedLine(9600, Period(DUE, NEXT), paid=False),),
        trial_invoice_paid=None,
    )


@pytest.mark.parametrize(
    ("scheduled", "follower"),
    [
        (None, "next"),
        (a_plan(id="other", status=PlanStatus.NEVER_STARTED), "other"),
        (a_plan(id="next", status=PlanStatus.ENDED), None),
    ],
)
def test_a_scheduled_plan_is_known_until_it_is_taken_back(scheduled: object, follower: str | None) -> None:
    found = after(BEFORE, outcome(scheduled=scheduled)).next_plan

    assert (found and found.id) == follower
    assert after(replace(BEFORE, next_plan=None), outcome()).next_plan is None


@pytest.mark.parametrize(
    ("kind", "licenses", "bought"),
    [
        (InvoiceKind.PURCHASE, 9, 9),
        (InvoiceKind.TRIAL_PURCHASE, 9, 9),
        (InvoiceKind.PURCHASE, None, 0),
        (InvoiceKind.RECURRING, 9, 3),
    ],
)
def test_a_purchase_says_how_many_licenses_it_buys(kind: InvoiceKind, licenses: int | None, bought: int) -> None:
    assert after(BEFORE, outcome(invoices=(invoice(kind, licenses=licenses),))).paid_licenses == bought


BOUGHT = (invoice(InvoiceKind.RECURRING), invoice(InvoiceKind.TRIAL_PURCHASE, flat_discount_months=4))


@pytest.mark.parametrize(
    ("changes", "paid", "months"),
    [
        ({"plan": TRIAL}, True, 5),
        ({"plan": TRIAL, "invoices": BOUGHT}, False, 4),
        ({"plan": TRIAL, "invoices": BOUGHT[:1]}, True, 5),
        ({"invoices": BOUGHT}, None, 4),
    ],
)
def test_the_invoice_of_a_trial_is_unpaid_when_it_is_made_and_matters_while_the_trial_runs(
    changes: dict[str, Any], paid: bool | None, months: int
) -> None:
    facts: Facts = after(BEFORE, outcome(**changes))

    assert (facts.trial_invoice_paid, facts.trial_discounted_months) == (paid, months)


def test_voiding_the_invoice_of_a_trial_returns_its_months_of_discount() -> None:
    assert after(BEFORE, outcome(void_trial_invoice=True)).customer.flat_discounted_months == 12
    assert after(BEFORE, outcome()).customer.flat_discounted_months == 7


def test_what_is_charged_counts_with_tax_that_comes_on_top_and_without_tax_that_it_contains() -> None:
    applied = AppliedTax(category=TaxCategory.STANDARD, name="VAT", percent="19", jurisdiction="DE")
    priced = replace(line(1190, Period(DUE, NEXT)), tax=190)
    for inclusive, charged in ((True, 1190), (False, 1380)):
        of_tax = Line(LineKind.TAX, "", line(0, Period(DUE, NEXT)).derivation, tax=190)
        taxed = invoice(InvoiceKind.RECURRING, priced, replace(of_tax, applied=replace(applied, inclusive=inclusive)))
        found = after(some_facts(charged=()), outcome(invoices=(taxed,))).charged
        assert found == (ChargedLine(charged, Period(DUE, NEXT), paid=True),)


def test_a_plan_that_takes_over_begins_without_what_belonged_to_the_one_before() -> None:
    derivation = prorated(800, 1, charged=Period(DUE - DAY, NEXT), cycle=Period(DUE, NEXT))
    addition = BilledAddition(seq=2, description="", derivation=derivation, unit=400, until=NEXT)
    item = Item(seq=1, description="Set-up", unit_amount=1, quantity=1, added_at=START)
    storage = an_entry(4, START, 3, add_on="storage", price=500)
    trial = a_plan(id="follower", status=PlanStatus.FREE_TRIAL)
    full = replace(BEFORE, additions=(addition,), items=(item,), add_ons=(storage,))

    begun = after(full, outcome(successor=outcome(plan=trial)))

    assert begun.plan.id == "follower"
    assert (begun.additions, begun.items, begun.add_ons, begun.trial_invoice_paid) == ((), (), (), None)
    assert (begun.ledger, begun.charged, begun.next_plan) == ((), (), None)
    for ends, kept in ((DUE, ()), (NEXT, (addition,))):
        lasting = replace(addition, derivation=replace(derivation, cycle=Period(START, ends)))
        left = after(replace(BEFORE, additions=(lasting,)), outcome()).additions
        assert [one.seq for one in left] == [one.seq for one in kept]


def test_a_trial_that_was_bought_without_a_coupon_keeps_none_for_its_next_invoice() -> None:
    coupon = attached(a_coupon("20"))
    facts = replace(BEFORE, customer=replace(SERVER, coupon=coupon))
    bought = invoice(InvoiceKind.TRIAL_PURCHASE, line(8000, Period(DUE, NEXT)))
    for use, kept in ((None, None), (CouponUse("redemption", 1), coupon)):
        step = outcome(plan=TRIAL, invoices=(replace(bought, coupon_use=use),))
        assert after(facts, step).trial_coupon == kept
