"""A dry run over recorded facts: in parallel processes, gone on with where it ended, and by another version."""

import stat
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

import billflow
from billflow.domain.errors import InvalidInput
from billflow.domain.plan import Schedule
from billflow.domain.rule_change import NO_CHANGE, Repricing, RuleChange
from billflow.dry_run.causes import Cause
from billflow.dry_run.facts_file import FactsHeader, RecordedPlan, write_facts
from billflow.dry_run.folder import FactsFolder, RecordedChunk, Recording, ResultsFolder, results_folder
from billflow.dry_run.processes import DryRunFailed, VersionWithoutDryRun
from billflow.dry_run.run import DryRun
from billflow.dry_run.wheel import downloaded, unpacked
from tests.domain.builders import DAY, START, a_plan, seats, some_facts
from tests.dry_run.test_comparison import NOW, TIER, YEAR, sold_with

DEARER = RuleChange(
    catalog=sold_with(prices={"USD": {Schedule.MONTHLY: 900}}), repricing=Repricing(tier=TIER, starts_at=START)
)


def recorded(folder: Path, chunks: int = 3, plans: int = 2) -> DryRun:
    """Record plans in so many files, for a run without a change."""
    facts = FactsFolder(folder / "facts")
    facts.begin()
    names = [f"{n:05}.jsonl" for n in range(chunks)]
    for n, name in enumerate(names):
        known = [some_facts(plan=a_plan(id=f"plan {n}.{one}")) for one in range(plans)]
        header = FactsHeader(org_id="org", taken_at=NOW)
        write_facts(facts.chunk(name), header, [RecordedPlan(now=NOW, facts=one) for one in known])
    written = tuple(RecordedChunk(name=name, plans=plans) for name in names)
    recording = Recording(org_id="org", taken_at=NOW, chunks=written)
    facts.finish(recording)
    return changed(DryRun(facts=facts, recording=recording, results=ResultsFolder(folder), until=YEAR), NO_CHANGE)


def changed(run: DryRun, change: RuleChange, asked: str = "") -> DryRun:
    """Return the same run with another change."""
    return replace(run, results=results_folder(run.facts.path.parent, run.recording, change, asked))


async def ran(run: DryRun, processes: int = 1) -> list[tuple[int, int]]:
    """Run it, and return what was told on the way."""
    told: list[tuple[int, int]] = []
    await run.run(processes, lambda done, total: told.append((done, total)))
    return told


async def test_each_plan_is_billed_by_both_rules_in_as_many_processes_as_wanted(tmp_path: Path) -> None:
    run = changed(recorded(tmp_path), DEARER)
    told = await ran(run, processes=2)
    found = run.results.summary(run.recording)

    assert told == [(0, 6), (2, 6), (4, 6), (6, 6)]
    assert (found.plans, found.different) == (6, 6)
    assert [(one.cause, one.plans, one.differences) for one in found.causes] == [
        (Cause.PRICE, 6, {"USD": 6 * 12 * 1000})
    ]
    assert {(one.month, one.before, one.after) for one in found.totals} >= {("2024-02", 6 * 8000, 6 * 9000)}
    assert sum(one.difference for one in found.totals) == 6 * 12 * 1000
    assert {one.plan_id for one in run.results.differences(run.recording)} == {one.plan_id for one in found.worst}


async def test_without_a_change_nothing_differs(tmp_path: Path) -> None:
    run = recorded(tmp_path, chunks=1)
    await ran(run)
    found = run.results.summary(run.recording)

    assert (found.plans, found.different, found.causes, found.worst) == (2, 0, (), ())
    assert sum(one.before for one in found.totals) == 2 * 12 * 8000


@pytest.mark.full
async def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    run = changed(recorded(tmp_path), DEARER)
    damaged = run.facts.chunk("00002.jsonl")
    facts = damaged.read_bytes()
    damaged.write_bytes(b"{}\n")
    with pytest.raises(DryRunFailed, match=r"ended at 00002\.jsonl .*the command goes on there"):
        await ran(run)
    damaged.write_bytes(facts)
    for done in ("00000.jsonl", "00001.jsonl"):
        run.facts.chunk(done).unlink()

    assert await ran(run) == [(4, 6), (6, 6)]
    assert run.results.summary(run.recording).different == 6


def test_a_change_has_its_own_results_and_the_same_change_the_same(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    folders = Counter(
        changed(run, change, asked).results.path
        for change, asked in ((DEARER, ""), (DEARER, ""), (NO_CHANGE, ""), (DEARER, "2027"))
    )

    assert sorted(folders.values()) == [1, 1, 2]


def test_a_folder_of_other_plans_is_refused(tmp_path: Path) -> None:
    run = recorded(tmp_path)

    assert run.facts.recording("org", "") == run.recording
    assert stat.S_IMODE(run.facts.path.stat().st_mode) == 0o700
    for org_id, only in (("another", ""), ("org", "tier=team")):
        with pytest.raises(InvalidInput, match="name another folder"):
            run.facts.recording(org_id, only)


def wheel_of(path: Path, source: Path, **changes: str) -> Path:
    """Make a wheel of billflow as *source* has it, with the text of some files changed."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(source.rglob("*")):
            name = file.relative_to(source.parent).as_posix()
            if file.suffix in (".py", ".toml") and name not in changes:
                archive.write(file, name)
        for name, text in changes.items():
            archive.writestr(name, text)
        info = "billflow-9.9.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: billflow\nVersion: 9.9\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.mark.full
async def test_another_version_bills_by_its_own_rules_from_the_same_facts(tmp_path: Path) -> None:
    source = Path(billflow.__file__).parent
    money = (source / "domain" / "money.py").read_text()
    rounds_up = money.replace("(2 * numerator + denominator) // (2 * denominator)", "-(-numerator // denominator)")
    assert rounds_up != money
    wheel = wheel_of(tmp_path / "billflow-9.9-py3-none-any.whl", source, **{"billflow/domain/money.py": rounds_up})
    run = recorded(tmp_path, chunks=1)
    [chunk] = run.recording.chunks
    known = [some_facts(plan=a_plan(id="one")), some_facts(observations=(seats(START + DAY, 12),))]
    write_facts(
        run.facts.chunk(chunk.name),
        FactsHeader(org_id="org", taken_at=NOW),
        [RecordedPlan(now=NOW, facts=one) for one in known],
    )
    await ran(run := replace(run, other=unpacked(wheel, tmp_path)))
    found = run.results.summary(run.recording)

    assert (found.plans, found.different) == (2, 1)
    assert [(one.cause, one.differences) for one in found.causes] == [(Cause.ROUNDING, {"USD": 2})]
    [line] = found.worst[0].invoices[0].lines
    assert line.before is not None
    assert line.after is not None
    assert line.before.derivation == line.after.derivation
    assert not run.results.bills(chunk).exists()


async def test_a_version_from_before_dry_runs_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(old := tmp_path / "old.whl", "w") as archive:
        archive.writestr("billflow/__init__.py", "")

    with pytest.raises(VersionWithoutDryRun, match=r"No module named billflow\.dry_run"):
        await ran(replace(recorded(tmp_path / "run"), other=unpacked(old, tmp_path)))


def test_what_is_no_wheel_of_billflow_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(other := tmp_path / "other.whl", "w") as archive:
        archive.writestr("other/__init__.py", "")
    (broken := tmp_path / "broken.whl").write_text("no archive")

    for file, message in ((other, "is no wheel of billflow"), (broken, "can't be read"), (tmp_path / "x", "can't be")):
        with pytest.raises(InvalidInput, match=message):
            unpacked(file, tmp_path)


@pytest.mark.full
def test_a_build_is_got_from_where_pip_gets_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source := tmp_path / "source" / "billflow").mkdir(parents=True)
    (source / "__init__.py").touch()
    wheel_of(tmp_path / "billflow-9.9-py3-none-any.whl", source)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))

    found = downloaded("9.9", tmp_path)
    assert downloaded("9.9", tmp_path) == found
    assert (unpacked(found, tmp_path) / "billflow" / "__init__.py").exists()
    for build, why in (("9.8", "No matching distribution"), ("--help", "is the version of a package")):
        with pytest.raises(InvalidInput, match=why):
            downloaded(build, tmp_path)
