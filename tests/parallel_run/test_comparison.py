"""What two systems bill: paired by date and line, each difference with its causes, which add up to the cent."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.calendar import Period
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.proration import Derivation
from billflow.models.contracts.imports import OpeningLineKind
from billflow.parallel_run.comparison import ComparedDate, ComparedVerdict, matches_since
from billflow.parallel_run.issued import IssuedInvoice, IssuedLine
from billflow.parallel_run.pairs import ComputedInvoice
from billflow.parallel_run.scores import tax_not_compared
from tests.parallel_run.builders import (
    DAY,
    FEBRUARY,
    FIRST,
    HOUR,
    IMPORTED,
    MARCH,
    SECOND,
    THIRD,
    addition,
    compared,
    computed,
    issued,
    ours,
    renewal,
    theirs,
)


def shown(found: list[ComparedDate]) -> list[tuple[datetime, ComparedVerdict, int, dict[str, int]]]:
    return [(one.at, one.verdict, one.difference, {c.value: e for c, e in one.causes.items()}) for one in found]


def test_what_both_bill_the_same_is_equal_whatever_they_call_it() -> None:
    found = compared([computed(renewal())], [issued(theirs(2800, 4, 700, description="4 x Seats"), at=FIRST + HOUR)])

    assert shown(found) == [(FIRST, ComparedVerdict.EQUAL, 0, {})]
    assert (found[0].computed, found[0].issued) == (2800, 2800)
    assert matches_since(found) == FIRST


@pytest.mark.parametrize(
    ("other", "causes"),
    [
        (theirs(2400, 4, 600), {"price": 400}),
        (theirs(2100, 3, 700), {"quantity": 700}),
        (theirs(1800, 3, 600), {"price": 300, "quantity": 700}),
        (theirs(2799, 4, 700), {"rounding": 1}),
        (theirs(2800, 4, 700, period=Period(FIRST, SECOND - 3 * DAY)), {"period": 0}),
    ],
    ids=["price", "quantity", "both", "rounding", "period"],
)
def test_a_line_that_differs_has_its_causes(other: IssuedLine, causes: dict[str, int]) -> None:
    [found] = compared([computed(renewal())], [issued(other)])

    assert found.verdict is ComparedVerdict.DIFFERENT
    assert {cause.value: effect for cause, effect in found.causes.items()} == causes
    assert found.difference == sum(causes.values())


def test_a_proration_of_two_lines_is_one_change_and_its_rounding_is_told() -> None:
    at = IMPORTED + DAY
    rest, cycle = (FIRST - at) / timedelta(days=1), 31
    unused, remaining = round(-700 * 4 * rest / cycle), round(700 * 6 * rest / cycle)
    period = Period(at, FIRST)
    lines = [
        theirs(unused, 4, kind=OpeningLineKind.PRORATION, period=period),
        theirs(remaining, 6, kind=OpeningLineKind.PRORATION, period=period),
        theirs(4200, 6, 700),
    ]
    mine = computed(addition(2, at=at), renewal(6))

    [found] = compared([mine], [issued(*lines)])

    assert (unused, remaining, addition(2, at=at).amount) == (-2258, 3387, 1130)
    assert shown([found]) == [(FIRST, ComparedVerdict.DIFFERENT, 1, {"rounding": 1})]


def test_a_change_that_one_system_learns_of_later_differs_by_its_time() -> None:
    at = IMPORTED + DAY
    late = theirs(994, 2, kind=OpeningLineKind.PRORATION, period=Period(at + 3 * DAY, FIRST))
    mine = computed(addition(2, at=at), renewal(6))

    [found] = compared([mine], [issued(late, theirs(4200, 6, 700))])

    assert shown([found]) == [(FIRST, ComparedVerdict.DIFFERENT, 136, {"period": 136})]


def test_a_change_that_is_issued_at_once_is_paired_with_ours_of_the_next_date() -> None:
    at = IMPORTED + DAY
    now = addition(2, at=at).amount
    at_once = issued(theirs(now, 2, kind=OpeningLineKind.PRORATION, period=Period(at, FIRST)), at=at)

    found = compared([computed(addition(2, at=at), renewal(6))], [at_once, issued(theirs(4200, 6, 700))])

    assert shown(found) == [(FIRST, ComparedVerdict.EQUAL, 0, {})]
    assert found[0].issued_numbers == ("old-01-21", "old-02-15")


def test_an_invoice_that_is_missing_is_waited_for_before_it_is_missing() -> None:
    mine = [computed(renewal())]

    assert shown(compared(mine, [], now=FIRST + 23 * HOUR)) == [
        (FIRST, ComparedVerdict.WAITING, 2800, {"not yet issued": 2800})
    ]
    assert shown(compared(mine, [], now=FIRST + DAY)) == [(FIRST, ComparedVerdict.NOT_ISSUED, 2800, {"invoice": 2800})]
    other = [issued(theirs(2800, 4, 700))]
    assert shown(compared([], other, now=FIRST + DAY)) == [
        (FIRST, ComparedVerdict.NOT_COMPUTED, -2800, {"invoice": -2800})
    ]
    held = compared([], other, now=FIRST + DAY, on_hold_since=FIRST)
    assert shown(held) == [(FIRST, ComparedVerdict.NOT_COMPUTED, -2800, {"on hold": -2800})]


def test_an_addition_that_the_other_system_may_bill_with_the_renewal_is_waited_for_until_then() -> None:
    cycle = Period(IMPORTED, IMPORTED + 365 * DAY)
    line = ours(
        LineKind.ADDITIONAL_LICENSES, Derivation(price=7000, quantity=1, period=Period(FIRST, cycle.end), cycle=cycle)
    )

    [found] = compared([computed(line)], [], now=THIRD)
    [missing] = compared([computed(line)], [], now=cycle.end + DAY)

    assert (found.verdict, missing.verdict) == (ComparedVerdict.WAITING, ComparedVerdict.NOT_ISSUED)


def test_discounts_and_taxes_are_compared_by_their_sums() -> None:
    off = ours(LineKind.COUPON, Derivation(price=-1400, quantity=1, period=FEBRUARY))
    tax = ours(LineKind.TAX, Derivation(price=266, quantity=1, period=FEBRUARY))
    mine = [computed(renewal(), off, tax)]
    discount = theirs(-1400, kind=OpeningLineKind.DISCOUNT)

    def found(*lines: IssuedLine) -> list[ComparedDate]:
        return compared(mine, [issued(theirs(2800, 4, 700), *lines)])

    assert shown(found(discount, theirs(266, kind=OpeningLineKind.TAX))) == [(FIRST, ComparedVerdict.EQUAL, 0, {})]
    assert shown(found(theirs(-1000, kind=OpeningLineKind.DISCOUNT), theirs(342, kind=OpeningLineKind.TAX))) == [
        (FIRST, ComparedVerdict.DIFFERENT, -476, {"discount": -400, "taxed amount": -76})
    ]
    assert shown(found(discount, theirs(98, kind=OpeningLineKind.TAX))) == [
        (FIRST, ComparedVerdict.DIFFERENT, 168, {"tax": 168})
    ]
    assert shown(found(discount)) == [(FIRST, ComparedVerdict.DIFFERENT, 266, {"tax": 266})]


def test_tax_that_stripe_computes_is_in_both() -> None:
    mine = [computed(renewal(), automatic_tax=True)]

    [found] = compared(mine, [issued(theirs(2800, 4, 700), theirs(532, kind=OpeningLineKind.TAX))])

    assert (found.verdict, found.computed, found.issued) == (ComparedVerdict.EQUAL, 3332, 3332)
    own = compared([computed(renewal())], [issued(theirs(2800, 4, 700))])
    waiting = compared(mine, [])
    assert tax_not_compared([found, *own, *waiting]) == {"USD": 532}
    assert tax_not_compared([*own, *waiting]) == {}


def test_an_invoice_without_lines_is_compared_by_its_total() -> None:
    assert [one.verdict for one in compared([computed(renewal())], [issued(total=2800)])] == [ComparedVerdict.EQUAL]
    assert shown(compared([computed(renewal())], [issued(total=2500)])) == [
        (FIRST, ComparedVerdict.DIFFERENT, 300, {"line": 300})
    ]


def test_what_was_billed_before_the_import_and_what_bills_nothing_is_left_out() -> None:
    before = issued(theirs(2800, 4, 700, period=Period(IMPORTED - 5 * DAY, FIRST)), at=IMPORTED - 5 * DAY)

    assert compared([], [before, issued(theirs(0, 4, 0))]) == []


def test_another_currency_is_no_pair() -> None:
    found = compared([computed(renewal())], [issued(theirs(2800, 4, 700), currency="EUR")])

    assert [(one.currency, one.verdict) for one in found] == [
        ("EUR", ComparedVerdict.NOT_COMPUTED),
        ("USD", ComparedVerdict.NOT_ISSUED),
    ]


def test_a_plan_matches_since_the_first_date_after_its_last_difference() -> None:
    mine = [computed(renewal()), computed(renewal(period=MARCH), at=SECOND), computed(renewal(), at=THIRD)]
    equal = issued(theirs(2800, 4, 700, period=MARCH), at=SECOND)

    assert matches_since(compared(mine, [issued(theirs(1, 4, 0)), equal])) == SECOND
    assert matches_since(compared(mine[:1], [issued(theirs(1, 4, 0))])) is None
    assert matches_since(compared(mine[2:], [])) is None


moments = st.integers(0, 80).map(lambda days: IMPORTED + days * DAY)
periods = st.tuples(moments, st.integers(0, 40)).map(lambda one: Period(one[0], one[0] + one[1] * DAY))
our_lines = st.one_of(
    st.builds(renewal, st.integers(1, 9), st.integers(0, 900), periods),
    st.builds(addition, st.integers(1, 9), st.integers(1, 900), st.just(IMPORTED + DAY)),
    st.builds(
        lambda kind, price, period: ours(kind, Derivation(price=price, quantity=1, period=period)),
        st.sampled_from([LineKind.TAX, LineKind.COUPON, LineKind.FLAT_DISCOUNT, LineKind.ITEM, LineKind.ADD_ON]),
        st.integers(-900, 900),
        periods,
    ),
)
their_lines = st.builds(
    theirs,
    st.integers(-5000, 5000),
    st.integers(0, 9),
    st.one_of(st.none(), st.integers(-900, 900)),
    kind=st.sampled_from(OpeningLineKind),
    period=periods,
)


@given(
    mine=st.lists(st.tuples(moments, st.lists(our_lines, max_size=4)), max_size=4, unique_by=lambda one: one[0]),
    others=st.lists(
        st.tuples(moments, st.lists(their_lines, max_size=4), st.one_of(st.none(), st.integers(-9000, 9000))),
        max_size=4,
        unique_by=lambda one: one[0],
    ),
    now=moments,
)
def test_what_the_causes_do_adds_up_to_the_difference_to_the_cent(
    mine: list[tuple[datetime, list]],  # type: ignore[type-arg]
    others: list[tuple[datetime, list, int | None]],  # type: ignore[type-arg]
    now: datetime,
) -> None:
    computed_ones: list[ComputedInvoice] = [computed(*lines, at=at) for at, lines in mine]
    issued_ones: list[IssuedInvoice] = [issued(*lines, at=at, total=total) for at, lines, total in others]

    found = compared(computed_ones, issued_ones, now=now)

    for one in found:
        assert sum(one.causes.values()) == one.difference
        assert (one.verdict is ComparedVerdict.EQUAL) == (not one.lines)
    ours_total = sum(one.invoice.total for one in computed_ones)
    theirs_total = sum(one.total for one in issued_ones if one.at >= IMPORTED)
    assert sum(one.difference for one in found) == ours_total - theirs_total
