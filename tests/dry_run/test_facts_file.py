"""Facts in a file: what is billed from them is what would be billed from the records, now and by later versions."""

import json
import stat
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.additions import BilledAddition, ChargedLine
from billflow.domain.calendar import Period
from billflow.domain.coupons import AttachedCoupon
from billflow.domain.errors import InvalidInput
from billflow.domain.items import Item
from billflow.domain.proration import prorated
from billflow.domain.settings import BillingSettings
from billflow.domain.step import Facts
from billflow.domain.tax.policy import TaxTimeline
from billflow.dry_run.bills import bill
from billflow.dry_run.facts_file import FORMAT, FactsHeader, RecordedPlan, read_facts, write_facts
from billflow.models.contracts.catalog import CLOUD_AND_SELF_HOSTED, catalog_from_toml, example_text
from tests.domain.any_life import coupons
from tests.domain.builders import DAY, START, a_customer, a_plan, an_entry, seats, some_facts
from tests.domain.taxed_life import TAXED, Taxed
from tests.dry_run.test_comparison import NOW, YEAR, sold_with

HEADER = FactsHeader(org_id="org", taken_at=NOW)
CYCLE = Period(START, START + 29 * DAY)
EXAMPLE = Path(__file__).parents[1] / "data" / "dry_run_facts.jsonl"
"""Written by the first version that had dry runs."""


def read_back(path: Path, *facts: Facts) -> list[Facts]:
    write_facts(path, HEADER, [RecordedPlan(now=NOW, facts=one) for one in facts])
    return [plan.facts for plan in read_facts(path)]


def rich_facts() -> Facts:
    """Return facts with something of everything."""
    part = prorated(800, 2, charged=Period(START + 22 * DAY, CYCLE.end), cycle=CYCLE)
    addition = BilledAddition(seq=2, description="more", derivation=part, unit=part.unit_amount, until=CYCLE.end)
    return some_facts(
        former_catalog=sold_with(minimum_licenses=3),
        charged=(ChargedLine(8000, CYCLE, paid=True), ChargedLine(Fraction(1001, 3), CYCLE, paid=False)),
        additions=(addition,),
        items=(Item(seq=1, description="Training", unit_amount=500, quantity=2, added_at=START),),
        ledger=(an_entry(1, START, 10), an_entry(2, START + 22 * DAY, 12, allocated=True)),
        add_ons=(an_entry(3, START + 22 * DAY, 3, add_on="storage", price=77),),
        observations=(seats(START + 23 * DAY, 12, 3), seats(START + 24 * DAY, 14)),
        next_plan=a_plan(id="next"),
    )


@given(taxed=st.sampled_from(TAXED), coupon=st.one_of(st.none(), coupons), bundle=st.booleans())
def test_facts_read_back_are_billed_alike(
    tmp_path_factory: pytest.TempPathFactory, taxed: Taxed, coupon: object, *, bundle: bool
) -> None:
    attached = AttachedCoupon(redemption_id="one", coupon=coupon, months_left=3) if coupon else None  # type: ignore[arg-type]
    facts = replace(
        rich_facts(),
        customer=a_customer(taxpayer=taxed.who, coupon=attached),
        settings=BillingSettings(bundle_additions_by_date=bundle, tax=TaxTimeline((taxed.policy,))),
    )
    plain = some_facts(catalog=catalog_from_toml(example_text(CLOUD_AND_SELF_HOSTED)))
    read = read_back(tmp_path_factory.mktemp("facts") / "facts.jsonl", facts, plain)

    assert [bill(one, YEAR, NOW) for one in read] == [bill(one, YEAR, NOW) for one in (facts, plain)]
    assert read[0].charged == facts.charged
    assert read[0].additions == facts.additions


def test_a_catalogue_and_settings_are_written_once_for_all_plans(tmp_path: Path) -> None:
    read_back(tmp_path / "facts.jsonl", *[some_facts()] * 5)
    names = [
        next(name for name, value in json.loads(line).items() if value)
        for line in (tmp_path / "facts.jsonl").read_text().splitlines()[1:]
    ]

    assert names == ["catalog", "settings", *["plan"] * 5]


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    read_back(tmp_path / "facts.jsonl", some_facts())

    assert stat.S_IMODE((tmp_path / "facts.jsonl").stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["facts.jsonl"]


def test_facts_of_a_later_format_are_refused(tmp_path: Path) -> None:
    write_facts(tmp_path / "facts.jsonl", replace(HEADER, format=FORMAT + 1), [])

    with pytest.raises(InvalidInput, match="record them anew"):
        list(read_facts(tmp_path / "facts.jsonl"))


def test_facts_that_the_first_version_wrote_are_billed_as_it_billed_them() -> None:
    plans = list(read_facts(EXAMPLE))
    bills = [bill(plan.facts, YEAR, plan.now) for plan in plans]

    assert [[invoice.total for invoice in one.invoices] for one in bills] == FIRST_TOTALS


FIRST_TOTALS = [[15189, *[13603] * 11], [8000] * 12]
