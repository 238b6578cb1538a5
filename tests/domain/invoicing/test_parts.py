"""What each part of a divided invoice bills, and what the parts of one line keep of it."""

from dataclasses import replace

from billflow.domain.calendar import Period
from billflow.domain.currencies import CURRENCIES
from billflow.domain.invoicing.draft import Line, LineKind
from billflow.domain.invoicing.parts import in_parts
from billflow.domain.proration import Derivation, prorated
from tests.domain.builders import START, at

MOST = CURRENCIES["USD"].maximum
YEAR = Period(START, at("2025-01-31T10:00"))
HALF = Period(at("2024-08-01T10:00"), YEAR.end)


def a_line(price: int, quantity: int = 1, kind: LineKind = LineKind.RENEWAL) -> Line:
    return Line(kind, "Plan", Derivation(price=price, quantity=quantity, period=YEAR))


def test_what_one_charge_can_just_be_over_is_not_divided() -> None:
    for lines in [(a_line(MOST),), (a_line(MOST - 1), a_line(1)), (a_line(MOST - 2), a_line(1), a_line(1))]:
        assert in_parts(lines, "USD") == [lines]
    assert in_parts((a_line(MOST, 2),), "USD") == [(a_line(MOST),), (a_line(MOST),)]
    assert [len(part) for part in in_parts((a_line(MOST - 1), a_line(2)), "USD")] == [1, 1]


def test_the_first_part_of_the_first_unit_alone_names_the_entry_and_the_item_of_a_line() -> None:
    two = replace(a_line(MOST + 1, 2, LineKind.ITEM), entries=(3,), item=7)

    parts = [line for part in in_parts((two,), "USD") for line in part]

    assert [(line.entries, line.item, line.adjusts, line.derivation.note) for line in parts] == [
        ((3,), 7, None, "part 1 of 2"),
        ((), None, None, "part 2 of 2"),
        ((), None, None, "part 1 of 2"),
        ((), None, None, "part 2 of 2"),
    ]


def test_the_parts_of_an_addition_go_with_its_first_entry_and_those_of_a_change_with_what_it_adjusts() -> None:
    added = replace(a_line(MOST - 1, 3, LineKind.ADDITIONAL_LICENSES), entries=(4, 5))
    change = replace(a_line(MOST - 1, 2, LineKind.END_DATE_CHANGE), adjusts=4)
    renewal = replace(a_line(MOST - 1, 2), entries=(6,))

    parts = [line for part in in_parts((added, change, renewal), "USD") for line in part]

    assert [(line.entries, line.adjusts) for line in parts] == [
        ((4, 5), None),
        ((), 4),
        ((), 4),
        ((), 4),
        ((), 4),
        ((6,), None),
        ((), None),
    ]


def test_a_prorated_unit_is_divided_as_what_it_comes_to_and_belongs_to_no_cycle_then() -> None:
    derivation = prorated(300_000_000, 1, charged=HALF, cycle=YEAR)
    assert derivation.amount == 150_000_000  # 183 of 366 days

    [first], [second] = in_parts((Line(LineKind.ADDITIONAL_LICENSES, "Plan", derivation, (2,)),), "USD")

    assert (first.amount, second.amount) == (75_000_000, 75_000_000)
    assert {(one.derivation.price, one.derivation.numerator, one.derivation.cycle) for one in (first, second)} == {
        (150_000_000, 1, None)
    }
