"""Which entries share a line, and what lines add up to."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.billing_dates import process_billing_date
from billflow.domain.calendar import Period
from billflow.domain.errors import InvalidInput
from billflow.domain.invoicing.charges import Addition, Cycles, Renewal, charges
from billflow.domain.invoicing.draft import LineKind, statement_descriptor
from billflow.domain.invoicing.rules import instalment
from billflow.domain.plan import CollectionMethod, PlanStatus, Schedule
from billflow.domain.settings import BillingSettings
from tests.domain.builders import DAY, START, a_plan, an_entry, at, some_facts

DUE = at("2024-02-29T10:00")
HOUR = timedelta(hours=1)

growth = st.lists(st.tuples(st.integers(0, 3 * 86_400), st.integers(0, 40)), min_size=1, max_size=20)


def test_additions_of_one_day_share_the_price_of_the_first() -> None:
    ledger = [an_entry(1, START, 10)]
    ledger += [an_entry(seq, START + DAY + seq * HOUR, 10 + seq) for seq in range(2, 5)]

    found = list(charges(ledger, ledger[1:], bundle=True))

    assert [(c.quantity, len(c.entries)) for c in found if isinstance(c, Addition)] == [(4, 3)]


def test_a_bundle_never_reaches_across_a_renewal() -> None:
    ledger = [
        an_entry(1, START, 10),
        an_entry(2, DUE - HOUR, 12),
        an_entry(3, DUE, 12, is_renewal=True, allocated=False),
        an_entry(4, DUE + HOUR, 15),
    ]

    kinds = [type(charge) for charge in charges(ledger, ledger[1:], bundle=True)]
    quantities = [c.quantity for c in charges(ledger, ledger[1:], bundle=True) if isinstance(c, Addition)]

    assert kinds == [Renewal, Addition, Addition]
    assert quantities == [2, 3]


def test_seats_that_are_paid_for_already_are_used_again_for_free() -> None:
    ledger = [an_entry(1, START, 10), an_entry(2, START + DAY, 10, 7), an_entry(3, START + 2 * DAY, 10, 10)]

    assert list(charges(ledger, ledger[1:], bundle=True)) == []


GROWTH = [
    an_entry(1, START, 10),
    an_entry(2, START + DAY, 12),
    an_entry(3, START + DAY + HOUR, 15),
    an_entry(4, START + DAY + 2 * HOUR, 15, 14),
    an_entry(5, START + 2 * DAY, 16),
    an_entry(6, DUE, 14, is_renewal=True, allocated=False),
    an_entry(7, DUE + HOUR, 20),
]


def test_each_day_of_a_cycle_is_one_charge_and_a_renewal_comes_before_the_day_it_cuts() -> None:
    first, two, three, _, five, renewal, seven = GROWTH

    assert list(charges(GROWTH, GROWTH[1:], bundle=True)) == [
        Addition((two, three), 5, first),
        Renewal(renewal),
        Addition((five,), 1, first),
        Addition((seven,), 6, renewal),
    ]


def test_without_bundles_each_addition_is_a_charge_of_its_own() -> None:
    first, two, three, _, five, renewal, seven = GROWTH

    assert list(charges(GROWTH, GROWTH[1:], bundle=False)) == [
        Addition((two,), 2, first),
        Addition((three,), 3, first),
        Addition((five,), 1, first),
        Renewal(renewal),
        Addition((seven,), 6, renewal),
    ]


@pytest.mark.parametrize("bundle", [True, False])
def test_only_what_goes_beyond_the_licenses_held_before_is_an_addition(bundle: bool) -> None:
    ledger = [an_entry(1, START, 10), an_entry(2, START + DAY, 30), an_entry(3, START + 2 * DAY, 31)]

    assert list(charges(ledger, ledger[2:], bundle=bundle)) == [Addition((ledger[2],), 1, ledger[0])]
    assert list(charges(ledger[1:], ledger[1:2], bundle=bundle)) == []


def test_a_cycle_begins_with_the_newest_renewal_not_later_than_the_moment() -> None:
    first, second = an_entry(1, START, 10), an_entry(3, DUE, 10, is_renewal=True)
    cycles = Cycles([first, an_entry(2, START + DAY, 12), second])
    moments = (START - HOUR, START, DUE - HOUR, DUE, DUE + 60 * DAY)

    assert [cycles.begun_by(moment) for moment in moments] == [first, first, first, second, second]
    assert Cycles([an_entry(2, START + DAY, 12)]).begun_by(DUE).seq == 2


def test_nothing_open_is_no_charge() -> None:
    assert list(charges([an_entry(1, START, 10)], [], bundle=True)) == []


@given(changes=growth)
def test_bundling_changes_the_lines_but_not_how_many_licenses_are_billed(changes: list[tuple[int, int]]) -> None:
    ledger, licenses = [an_entry(1, START, 10)], 10
    for seq, (second, more) in enumerate(sorted(changes), start=2):
        licenses += more
        ledger.append(an_entry(seq, START + timedelta(seconds=second), licenses))
    billed = {
        bundle: sum(c.quantity for c in charges(ledger, ledger[1:], bundle=bundle) if isinstance(c, Addition))
        for bundle in (True, False)
    }

    assert billed == {True: licenses - 10, False: licenses - 10}


@given(changes=growth, price=st.integers(0, 10**6), bundle=st.booleans())
def test_the_lines_sum_to_the_total_and_name_every_entry_once(
    changes: list[tuple[int, int]], price: int, bundle: bool
) -> None:
    ledger, licenses = [an_entry(1, START, 10)], 10
    for seq, (second, more) in enumerate(sorted(changes), start=2):
        licenses += more
        ledger.append(an_entry(seq, START + timedelta(seconds=second), licenses))
    settings = BillingSettings(bundle_additions_by_date=bundle)
    outcome = process_billing_date(
        some_facts(
            plan=a_plan(price_per_license=price, collection_method=CollectionMethod.SEND_INVOICE),
            ledger=tuple(ledger),
            settings=settings,
        ),
        DUE,
    )

    invoice = outcome.invoices[0]
    named = [seq for line in invoice.lines for seq in line.entries]
    assert invoice.total == sum(line.amount for line in invoice.lines)
    assert all(line.amount == line.quantity * line.unit_amount for line in invoice.lines)
    assert len(named) == len(set(named))
    assert set(named) <= set(outcome.allocated)
    assert set(outcome.allocated) == {entry.seq for entry in (*ledger[1:], *outcome.entries)}


@given(yearly=st.integers(1, 10**9))
def test_instalments_sum_to_the_yearly_price_exactly(yearly: int) -> None:
    period, settings = Period(START, DUE), BillingSettings()
    parts = [instalment(yearly, Schedule.MONTHLY, index, period, settings).amount for index in range(12)]

    assert sum(parts) == yearly
    assert parts == sorted(parts, reverse=True)
    assert parts[0] - parts[-1] <= 1
    assert instalment(yearly, Schedule.ANNUAL, 0, period, settings).amount == yearly


def test_a_total_beyond_64_bits_is_refused() -> None:
    plan = a_plan(price_per_license=10**9)
    huge = some_facts(plan=plan, ledger=(an_entry(1, START, 10**10),))

    with pytest.raises(InvalidInput) as refusal:
        _ = process_billing_date(huge, DUE).invoices[0].total

    assert refusal.value.code == "amount_too_large"


def test_a_statement_shows_at_most_22_characters() -> None:
    assert statement_descriptor("A tier with a very long name") == "A tier with a very lon"


def test_an_ended_plan_is_not_billed_again() -> None:
    ended = some_facts(plan=a_plan(status=PlanStatus.ENDED, next_invoice_date=None))

    assert process_billing_date(ended, DUE).invoices == ()


def test_a_renewal_line_says_what_it_is() -> None:
    line = process_billing_date(some_facts(), DUE).invoices[0].lines[0]

    assert (line.kind, line.description) == (LineKind.RENEWAL, "Cloud Standard - renewal")
