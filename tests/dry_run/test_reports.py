"""What differs as rows and as a page: each line with both derivations, sums that tie, and no text that is markup."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from billflow.domain.plan import Schedule
from billflow.domain.rule_change import Repricing, RuleChange
from billflow.dry_run import html_report
from billflow.dry_run.bills import Hold, PlanBill
from billflow.dry_run.causes import Cause
from billflow.dry_run.comparison import PlanDifference, compare
from billflow.dry_run.html_report import page
from billflow.dry_run.report_rows import COLUMNS, derived, rows, sums
from billflow.dry_run.tally import WORST, Tally
from tests.domain.builders import DAY, START, a_plan, seats, some_facts
from tests.dry_run.test_comparison import TIER, billed, compared, sold_with

DEARER = RuleChange(
    catalog=sold_with(prices={"USD": {Schedule.MONTHLY: 900}}), repricing=Repricing(tier=TIER, starts_at=START)
)
BILL = billed(some_facts())


def of_total(total: int, plan_id: str = "plan", currency: str = "USD", hold: Hold | None = None) -> PlanBill:
    """Return a bill with one invoice over one line."""
    first = BILL.invoices[0]
    line = replace(first.lines[0], amount=total)
    invoice = replace(first, lines=(line,), currency=currency)
    return replace(BILL, plan_id=plan_id, currency=currency, invoices=(invoice,), on_hold=hold)


def tallied(*pairs: tuple[PlanBill, PlanBill]) -> Tally:
    tally = Tally()
    for before, after in pairs:
        tally.add(before, after, compare(before, after))
    return tally


def test_a_row_for_each_line_has_both_amounts_and_how_they_came_about() -> None:
    found = compared(some_facts(observations=(seats(START + DAY, 11),)), DEARER)
    table = [dict(zip(COLUMNS, row, strict=True)) for row in rows(found)]

    assert sum(int(str(row["difference"])) for row in table) == found.difference
    assert len(table) == 12
    renewal = table[0]
    assert (renewal["before"], renewal["after"], renewal["causes"]) == (8800, 9900, "price")
    assert renewal["derivation_before"] == "USD 8 × 11 = USD 88"
    assert renewal["derivation_after"] == "USD 9 × 11 = USD 99"


def test_a_part_of_a_cycle_is_told_in_days() -> None:
    [first, *_] = billed(some_facts(observations=(seats(START + DAY, 11),))).invoices
    line = next(one for one in first.lines if one.derivation.cycle)

    assert derived(line, "USD") == ("(USD 8 × 28 days, 0:00:00 of 29 days, 0:00:00, half_up) × 1 = USD 7.72")
    assert derived(None, "USD") is None


def test_a_plan_that_is_on_hold_otherwise_and_billed_alike_has_a_row_too() -> None:
    hold = Hold(code="unknown_tier", message="There is no tier.")
    found = compare(BILL, replace(BILL, on_hold=hold))

    assert found is not None
    [row] = rows(found)
    assert dict(zip(COLUMNS, row, strict=True))["on_hold_after"] == "There is no tier."


def test_summaries_that_are_merged_say_what_one_of_all_plans_says() -> None:
    pairs = [
        (
            of_total(100, f"plan {n}", "EUR" if n % 3 else "USD"),
            of_total(100 + n, f"plan {n}", "EUR" if n % 3 else "USD"),
        )
        for n in range(40)
    ]
    merged = Tally()
    for part in (pairs[:7], pairs[7:8], pairs[8:]):
        merged.merge(tallied(*part).summary())

    assert merged.summary() == tallied(*pairs).summary()
    found = merged.summary()
    assert (found.plans, found.different) == (40, 39)
    assert found.causes[0].differences == {one.currency: one.difference for one in found.totals}
    assert [one.difference for one in found.worst if one.currency == "USD"] == list(range(39, 11, -3))[:WORST]


def test_who_would_be_on_hold_comes_before_who_pays_more() -> None:
    hold = Hold(code="unknown_tier", message="There is no tier.")
    pairs = [(of_total(1, f"plan {n}"), of_total(1000 + n, f"plan {n}")) for n in range(12)]
    found = tallied(*pairs, (of_total(5, "held"), of_total(5, "held", hold=hold))).summary()

    assert found.worst[0].plan_id == "held"
    assert [(one.code, one.before, one.after) for one in found.on_hold] == [("unknown_tier", 0, 1)]
    assert Cause.ON_HOLD in {one.cause for one in found.causes}


class Outline(HTMLParser):
    """Collects the tags of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag, which calls for nothing from elsewhere."""
        assert not {"src", "href", "onclick"} & {name for name, _ in attrs}
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.texts.append(data)


def outline(*found: PlanDifference) -> Outline:
    seen = Outline()
    seen.feed("".join(page("<b>All & sundry</b>", tallied((BILL, BILL)).summary(), found)))
    return seen


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=y>', "a & b"])
def test_no_text_on_a_page_is_markup(text: str) -> None:
    named = compared(some_facts(plan=a_plan(id=text)), RuleChange(catalog=sold_with(name=text)))
    seen = outline(named)

    assert not {"script", "img", "b"} & set(seen.tags)
    assert any(text in one for one in seen.texts)
    assert "<b>All & sundry</b>" in seen.texts


def test_a_page_shows_each_plan_with_its_lines_up_to_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_report, "MOST_PLANS", 3)
    found = compared(some_facts(), DEARER)
    seen = outline(*[found] * 5)

    assert seen.tags.count("details") == 3
    assert "USD 9 × 10 = USD 90" in seen.texts


def test_amounts_of_several_currencies_have_their_sign() -> None:
    assert sums({"EUR": -100, "USD": 250}) == "EUR -1, USD +2.50"
    assert sums({}) == "none"
