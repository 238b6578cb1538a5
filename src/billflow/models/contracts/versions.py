"""The versions of the workers, as operators see them."""

from enum import StrEnum

from billflow.models.contracts.base import Contract, Moment


class VersionStatus(StrEnum):
    """What part of the work a version is given."""

    CURRENT = "current"
    """All of it, but for what a ramping version takes."""

    RAMPING = "ramping"
    """A part: of each plan all, or nothing."""

    DRAINING = "draining"
    """No more, and it may still have something in hand."""

    DRAINED = "drained"
    """No more, and nothing is left."""

    INACTIVE = "inactive"
    """It never had any."""


class WorkerVersion(Contract):
    """The workers of one build id: what they are given, and how many of their processes ask for work.

    `percentage` is the part of the plans that a ramping version takes, of the current one 100 or the rest of it, 0 for
    every other. `last_current_at` is when it was current for the last time, or became so where it still is.
    """

    build_id: str
    status: VersionStatus
    percentage: float
    workers: int
    last_current_at: Moment | None


LOST = 4
"""A task is lost after ten seconds: once or twice with much to do, and so often only where it can't be done."""


class PendingTask(Contract):
    """The task that a running workflow waits for: which attempt it is, and which version has to take it.

    It `fails` where a worker has refused it, or it was lost, with its worker or for want of time, `LOST` times.
    """

    workflow_id: str
    attempt: int
    build_id: str | None
    fails: bool


class VersionsReport(Contract):
    """Every version with workers or a past, the newest first, and what hinders them.

    `workers_without_version` counts processes that ask for work under no build id, which are given all that no current
    version takes. `failing_count` counts running workflows whose task fails, `failing` has some of them.
    """

    versions: tuple[WorkerVersion, ...]
    workers_without_version: int
    failing_count: int
    failing: tuple[PendingTask, ...]

    def of(self, build_id: str) -> WorkerVersion | None:
        """Return a version, None where no worker of it ever ran."""
        return next((version for version in self.versions if version.build_id == build_id), None)

    def with_status(self, status: VersionStatus) -> WorkerVersion | None:
        """Return the current, or the ramping version; None where there is none."""
        return next((version for version in self.versions if version.status is status), None)


class ReplayedType(Contract):
    """How many runs of a type of workflow were replayed, of how many that run."""

    workflow_type: str
    replayed: int
    running: int


class ReplayFailure(Contract):
    """A run that this code can't replay, and what it says."""

    workflow_id: str
    error: str


class ReplayReport(Contract):
    """What became of replaying a sample of what runs."""

    types: tuple[ReplayedType, ...]
    failures: tuple[ReplayFailure, ...]
