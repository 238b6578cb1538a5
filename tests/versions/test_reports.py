"""What is said of versions without workers, and which one a rollback leads to."""

from datetime import UTC, datetime

import pytest

from billflow.errors import CommandFailed
from billflow.models.contracts.versions import PendingTask, VersionsReport, VersionStatus, WorkerVersion
from billflow.service.versions import _before, _with_workers, standstill
from billflow.temporal.versions import WITHOUT_VERSION

DAY = datetime(2027, 1, 12, tzinfo=UTC)


def version(
    build_id: str, status: VersionStatus = VersionStatus.DRAINED, workers: int = 1, day: int = 0
) -> WorkerVersion:
    at = DAY.replace(day=day) if day else None
    return WorkerVersion(build_id=build_id, status=status, percentage=0, workers=workers, last_current_at=at)


def report(*versions: WorkerVersion, others: int = 0, failing: int = 0) -> VersionsReport:
    task = PendingTask(workflow_id="plan/1", attempt=3, build_id="new", fails=True)
    return VersionsReport(
        versions=versions, workers_without_version=others, failing_count=failing, failing=(task,) * failing
    )


CURRENT = version("new", VersionStatus.CURRENT, day=20)


def test_a_rollback_leads_to_the_version_that_was_current_last() -> None:
    past = report(version("never"), CURRENT, version("old", day=3), version("older", day=2))

    assert _before(past) == "old"
    assert _before(report(CURRENT, others=2)) == WITHOUT_VERSION


def test_a_rollback_to_nothing_or_to_nobody_is_refused() -> None:
    with pytest.raises(CommandFailed, match=r"^No other version was current before\.$"):
        _before(report(CURRENT, version("never")))
    with pytest.raises(CommandFailed, match=r"^No worker of version old asks for work; start some, with BILLFLOW_"):
        _before(report(CURRENT, version("old", workers=0, day=3), version("older", day=2)))


def test_a_version_that_is_unknown_or_has_no_workers_is_refused_with_its_code() -> None:
    for known, code in (
        (report(CURRENT), "unknown_version"),
        (report(version("x", workers=0)), "version_without_workers"),
    ):
        with pytest.raises(CommandFailed) as refused:
            _with_workers(known, "x")
        assert refused.value.code == code


NOBODY = "No version is current and no worker is without one, so plans stand still: "


@pytest.mark.parametrize(
    ("known", "sentences"),
    [
        (report(CURRENT), []),
        (report(others=1), []),
        (report(), [f"{NOBODY}start some by `billflow worker`."]),
        (report(version("new")), [f"{NOBODY}`billflow deploy promote new`."]),
        (report(version("new", VersionStatus.CURRENT, 0)), ["No worker of version new asks for work, so plans stand "]),
        (report(CURRENT, failing=1), ["Tasks that fail are tried again: go back by `billflow deploy rollback`, or "]),
    ],
)
def test_why_plans_stand_still_is_said_in_sentences(known: VersionsReport, sentences: list[str]) -> None:
    said = standstill(known)

    assert len(said) == len(sentences)
    assert all(one.startswith(sentence) for one, sentence in zip(said, sentences, strict=True))
