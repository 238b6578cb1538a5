"""What came of running cases: passed, a difference, or a case that can't be run; with totals per kind."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What came of one case; an `ERROR` is a case that could not be run, and counts as a failure."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case and its verdict; `differences` are sentences, empty where it passed."""

    id: str
    kind: str
    verdict: Verdict
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Total:
    """How many cases of a kind met which verdict."""

    passed: int
    failed: int
    errors: int


@dataclass(frozen=True, slots=True)
class Report:
    """The results of a file, in its order."""

    results: tuple[CaseResult, ...]

    @property
    def ok(self) -> bool:
        """Tell whether every case passed."""
        return all(result.verdict is Verdict.PASSED for result in self.results)

    @property
    def has_errors(self) -> bool:
        """Tell whether a case could not be run."""
        return any(result.verdict is Verdict.ERROR for result in self.results)

    @property
    def total(self) -> Total:
        """Return the count of all cases."""
        return _count(self.results)

    @property
    def totals(self) -> dict[str, Total]:
        """Return the counts per kind, in the order the kinds come up."""
        kinds = dict.fromkeys(result.kind for result in self.results)
        return {kind: _count(tuple(result for result in self.results if result.kind == kind)) for kind in kinds}


def _count(results: tuple[CaseResult, ...]) -> Total:
    verdicts = [result.verdict for result in results]
    return Total(*(verdicts.count(verdict) for verdict in Verdict))
