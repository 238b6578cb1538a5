"""Debts by two policies: what differs by cause, in counts and amounts, and the file that they are recorded in."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.debts import DebtAction
from billflow.domain.dunning import DEFAULT_POLICY, DunningPolicy
from billflow.domain.errors import InvalidInput
from billflow.domain.rule_change import NO_CHANGE, RuleChange
from billflow.dry_run.debt_facts import RecordedDebtor, read_debts, write_debts
from billflow.dry_run.debts import DebtCause, DebtSummary, DebtTally, compared
from billflow.dry_run.facts_file import FORMAT, PLANS_FORMAT, FactsHeader, read_facts, write_facts
from billflow.dry_run.folder import FactsFolder, RecordedChunk, Recording, ResultsFolder, results_folder
from billflow.dry_run.html_report import page
from billflow.dry_run.report_rows import DEBT_COLUMNS, debt_row, heading
from billflow.dry_run.run import DryRun
from billflow.dry_run.tally import DryRunSummary, Tally
from tests.domain.builders import DAY, START
from tests.domain.test_debts import a_debt, a_debtor
from tests.domain.test_dunning import a_declined_charge, an_invoice_by_mail
from tests.dry_run.test_run import ran

EXAMPLE = Path(__file__).parents[1] / "data" / "dry_run_debts.jsonl"
"""Written by the first version that recorded debts."""

YEAR = START + 365 * DAY
HEADER = FactsHeader(format=FORMAT, org_id="org", taken_at=START)
LENIENT = replace(DEFAULT_POLICY, retry_after_days=(1, 3), end_plan_after_days=None)
BY_MAIL = a_debt(invoice_id="mail", number="R-7", currency="EUR", amount=500, unpaid=an_invoice_by_mail())
KNOWN = [
    RecordedDebtor(now=START, debtor=a_debtor(a_debt())),
    RecordedDebtor(now=START, debtor=replace(a_debtor(BY_MAIL), customer_id="globex")),
]


def added(known: list[RecordedDebtor], after: DunningPolicy, until: datetime = YEAR) -> DebtSummary:
    tally = DebtTally()
    for debtor in known:
        for outcome, difference in compared(DEFAULT_POLICY, after, debtor, until):
            tally.add(outcome, difference)
    return tally.summary()


def test_what_differs_is_counted_by_cause_with_what_is_open() -> None:
    found = added(KNOWN, LENIENT)

    assert (found.debts, found.different, found.amounts) == (2, 2, {"EUR": 500, "USD": 8000})
    assert [(one.cause, one.debts, one.amounts) for one in found.causes] == [
        (DebtCause.RETRIES, 1, {"USD": 8000}),
        (DebtCause.SUSPENSION, 1, {"USD": 8000}),
        (DebtCause.PLAN_END, 2, {"EUR": 500, "USD": 8000}),
    ]
    assert [(one.action, one.before, one.after) for one in found.actions] == [
        (DebtAction.RETRY, 4, 2),
        (DebtAction.REMIND, 3, 3),
        (DebtAction.SUSPEND_CUSTOMER, 2, 2),
        (DebtAction.END_PLAN, 2, 0),
    ]
    assert [(one.amounts_before, one.amounts_after) for one in found.actions if one.action is DebtAction.END_PLAN] == [
        ({"EUR": 500, "USD": 8000}, {})
    ]
    assert [one.invoice_id for one in found.worst] == ["mail", "one"]


def test_the_same_policy_changes_nothing() -> None:
    found = added(KNOWN, DEFAULT_POLICY)

    assert (found.different, found.causes, found.worst) == (0, (), ())
    assert all(one.before == one.after and one.amounts_before == one.amounts_after for one in found.actions)


@given(
    amounts=st.lists(st.tuples(st.sampled_from(["EUR", "USD"]), st.integers(1, 10**9)), max_size=30),
    place=st.integers(0, 30),
)
def test_parts_added_up_are_the_whole(amounts: list[tuple[str, int]], place: int) -> None:
    known = [
        RecordedDebtor(
            now=START,
            debtor=a_debtor(a_debt(invoice_id=f"{n:02}", currency=currency, amount=amount, attempts=1 + n % 2)),
        )
        for n, (currency, amount) in enumerate(amounts)
    ]
    tally = DebtTally()
    for part in (known[:place], known[place:]):
        tally.merge(added(part, LENIENT))

    assert tally.summary() == added(known, LENIENT)


def test_debts_read_back_are_the_same(tmp_path: Path) -> None:
    rich = a_debtor(
        a_debt(), a_debt(invoice_id="two", unpaid=a_declined_charge(requires_action=True), retry_at=START), seats=3
    )
    known = [*KNOWN, RecordedDebtor(now=START + DAY, debtor=rich)]
    write_debts(tmp_path / "debts.jsonl", HEADER, LENIENT, known)
    read = read_debts(tmp_path / "debts.jsonl")

    assert (read.policy, list(read.debtors)) == (LENIENT, known)


def test_debts_that_the_first_version_wrote_end_as_it_said() -> None:
    read = read_debts(EXAMPLE)

    assert (read.policy, list(read.debtors)) == (DEFAULT_POLICY, KNOWN)


def test_debts_of_a_later_format_are_refused(tmp_path: Path) -> None:
    write_debts(tmp_path / "debts.jsonl", replace(HEADER, format=FORMAT + 1), LENIENT, [])

    with pytest.raises(InvalidInput, match="record them anew"):
        read_debts(tmp_path / "debts.jsonl")


def recorded(folder: Path, recording_format: int = FORMAT) -> DryRun:
    facts = FactsFolder(folder / "facts")
    facts.begin()
    chunk = RecordedChunk(name="debts-00000.jsonl", debtors=len(KNOWN))
    write_debts(facts.chunk(chunk.name), HEADER, DEFAULT_POLICY, KNOWN)
    recording = Recording(format=recording_format, org_id="org", taken_at=START, chunks=(chunk,))
    facts.finish(recording)
    return DryRun(facts=facts, recording=recording, results=ResultsFolder(folder), until=YEAR)


async def test_a_run_compares_the_debts_of_a_file(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    run = replace(run, results=results_folder(tmp_path, run.recording, RuleChange(dunning=LENIENT), ""))
    await ran(run)

    assert run.results.summary(run.recording).debts == added(KNOWN, LENIENT)
    assert [one.invoice_id for one in run.results.debt_differences(run.recording)] == ["one", "mail"]
    assert list(run.results.differences(run.recording)) == []


def test_facts_without_debts_are_good_for_all_but_another_dunning_policy(tmp_path: Path) -> None:
    run = recorded(tmp_path, recording_format=1)

    assert run.facts.recording("org", "") == run.recording
    results_folder(tmp_path, run.recording, NO_CHANGE, "")
    with pytest.raises(InvalidInput, match="holds no debts") as refused:
        results_folder(tmp_path, run.recording, RuleChange(dunning=LENIENT), "")
    assert refused.value.field == "folder"


def test_a_debt_has_a_row_and_its_place_in_the_page() -> None:
    [(_, found)] = compared(DEFAULT_POLICY, LENIENT, KNOWN[1], YEAR)
    assert found is not None
    row = dict(zip(DEBT_COLUMNS, debt_row(found), strict=True))
    summary = added(KNOWN, LENIENT)

    assert (row["invoice"], row["number"], row["amount"], row["causes"]) == ("mail", "R-7", 500, "plan end")
    assert str(row["before"]).endswith("end plan")
    assert str(row["after"]).endswith("suspend customer")
    assert len(str(row["before"]).split("; ")) == len(str(row["after"]).split("; ")) + 1
    html = "".join(page("title", _whole(summary), [], [replace(found, number="<script>")]))
    assert "&lt;script&gt;" in html
    assert "<script" not in html
    assert "Of 2 unpaid invoices something else would become of 2." in heading(_whole(summary), START, None)


def _whole(debts: DebtSummary) -> DryRunSummary:
    return replace(Tally().summary(), debts=debts)


def test_a_file_of_plans_stays_in_the_format_that_earlier_versions_read(tmp_path: Path) -> None:
    write_facts(tmp_path / "facts.jsonl", FactsHeader(org_id="org", taken_at=START), [])

    assert PLANS_FORMAT == 1
    assert b'"format":1' in (tmp_path / "facts.jsonl").read_bytes()
    assert list(read_facts(tmp_path / "facts.jsonl")) == []
