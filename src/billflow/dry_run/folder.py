"""The folder of a dry run: facts that are recorded once, and results for each change that was looked at."""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from billflow.domain.errors import InvalidInput
from billflow.domain.rule_change import RuleChange
from billflow.dry_run.comparison import PlanDifference
from billflow.dry_run.debts import DebtDifference, DebtTally
from billflow.dry_run.facts_file import FORMAT, VERSION, as_line, write_lines
from billflow.dry_run.jobs import parse_debt_result, read_result, write_change
from billflow.dry_run.tally import DryRunSummary, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedChunk:
    """A file of facts, and how many plans are in it, or how many customers with their debts."""

    name: str
    plans: int = 0
    debtors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Facts that are recorded as a whole: of which plans, and as of when."""

    format: int = FORMAT
    org_id: str
    only: str = ""
    taken_at: datetime
    chunks: tuple[RecordedChunk, ...]

    @property
    def plans(self) -> int:
        """Return how many plans there are."""
        return sum(chunk.plans for chunk in self.chunks)


_RECORDING = TypeAdapter(Recording)


@dataclass(frozen=True)
class FactsFolder:
    """Where the facts are, one file for each chunk of plans; nobody but the owner reads them."""

    path: Path

    def chunk(self, name: str) -> Path:
        """Return the file of a chunk."""
        return self.path / name

    def recording(self, org_id: str, only: str) -> Recording | None:
        """Return what was recorded here as a whole, None where that is nothing yet.

        Raises `InvalidInput` for another organization's, or that of other plans.
        """
        index = self._index
        if not index.exists():
            return None
        found = _RECORDING.validate_json(index.read_bytes())
        if found.format > FORMAT or (found.org_id, found.only) != (org_id, only):
            raise InvalidInput(
                f"{self.path.parent} holds the facts of other plans; name another folder.",
                code="dry_run_of_others",
                field="folder",
            )
        return found

    def begin(self) -> None:
        """Make an empty folder; what an interrupted recording left is of another moment."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(mode=0o700, parents=True)

    def finish(self, recording: Recording) -> None:
        """Say that all of it is there."""
        write_lines(self._index, [as_line(_RECORDING, recording)])

    @property
    def _index(self) -> Path:
        return self.path / "recording.json"


@dataclass(frozen=True)
class ResultsFolder:
    """Where the results of one change are, for the facts that are recorded beside it."""

    path: Path

    @property
    def change(self) -> Path:
        """Return the file of the change."""
        return self.path / "change.json"

    def result(self, chunk: RecordedChunk) -> Path:
        """Return the file of what differs in a chunk."""
        return self.path / chunk.name

    def bills(self, chunk: RecordedChunk) -> Path:
        """Return the file of a chunk's bills by another version."""
        return self.path / f"bills-{chunk.name}"

    def summary(self, recording: Recording) -> DryRunSummary:
        """Return what was found in all chunks."""
        tally, debts = Tally(), DebtTally()
        for chunk in recording.chunks:
            if chunk.debtors:
                debts.merge(parse_debt_result(self.result(chunk).read_bytes())[0])
            else:
                tally.merge(read_result(self.result(chunk))[0])
        return replace(tally.summary(), debts=debts.summary())

    def differences(self, recording: Recording) -> Iterator[PlanDifference]:
        """Yield every plan that differs."""
        for chunk in recording.chunks:
            if not chunk.debtors:
                yield from read_result(self.result(chunk))[1]

    def debt_differences(self, recording: Recording) -> Iterator[DebtDifference]:
        """Yield every debt of which something else becomes."""
        for chunk in recording.chunks:
            if chunk.debtors:
                yield from parse_debt_result(self.result(chunk).read_bytes())[1]


def results_folder(path: Path, recording: Recording, change: RuleChange, asked: str) -> ResultsFolder:
    """Return the folder of a change's results, the same where it was looked at before.

    *asked* is what else decides on them: the date, and the other version if any. Raises `InvalidInput` for another
    dunning policy where the facts are of a version that recorded no debts.
    """
    if change.dunning and recording.format < FORMAT:
        raise InvalidInput(
            f"{path} holds no debts, since an earlier version recorded it; name another folder.",
            code="dry_run_without_debts",
            field="folder",
        )
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = write_change(path / "change.json", change)
    key = hashlib.sha256(b"\n".join([text, asked.encode(), VERSION.encode(), recording.taken_at.isoformat().encode()]))
    found = ResultsFolder(path / f"results-{key.hexdigest()[:16]}")
    found.path.mkdir(mode=0o700, exist_ok=True)
    (path / "change.json").replace(found.change)
    return found
