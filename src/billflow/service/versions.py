"""Versions of the workers: bringing one out in stages that are watched, and going back to the one before."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio.service import RPCError, RPCStatusCode

from billflow.errors import CommandFailed, Unavailable
from billflow.models.contracts.versions import PendingTask, VersionsReport, VersionStatus, WorkerVersion
from billflow.temporal.versions import WITHOUT_VERSION, WorkerVersions
from billflow.temporal.workflow_control import WorkflowControl, temporal_errors
from billflow.temporal.workflow_tasks import WorkflowTasks

ALL: Final = 100.0
PERCENTAGES: Final = (5.0, 50.0, ALL)
"""The parts of the plans, in percent, that a version takes one after another."""

WAKE: Final = "customer_changed"
"""The signal at which a plan looks at its rows, and so has a task to be done."""

READY_SECONDS = 30.0
"""How long workers that have just been started may take until the server knows all their task queues."""

UNTAKEN_SECONDS = 60.0
"""How long plans that were woken may wait for a worker while none of them is given one: a backlog is no fault."""

LOOK_SECONDS = 1.0
"""Between two looks; a task that was lost with its worker is done by another meanwhile."""

FIRST_LOOK_SECONDS, LATER_LOOK_SECONDS = 0.2, 5.0
"""Between two looks of a worker until the server knows its version, and then until that is current."""

NOTHING_KNOWN: Final = VersionsReport(versions=(), workers_without_version=0, failing_count=0, failing=())

NAMED = 5
"""So many workflows are named in a message."""

_FIRST = datetime.min.replace(tzinfo=UTC)

Notify = Callable[[str], None]


class VersionFails(CommandFailed):
    """Workflow tasks fail on the version that was to be promoted, so it was taken back.

    The log of its workers has the errors. Mend it, give it another build id, and promote that.
    """

    code = "version_fails"


@dataclass(frozen=True)
class Ramp:
    """How a version takes over: which parts of the plans, how long each is watched, and how many plans it wakes."""

    percentages: Sequence[float] = PERCENTAGES
    watch: timedelta = timedelta(minutes=1)
    wake: int = 100


@dataclass(frozen=True)
class VersionService:
    """The versions of the workers of this namespace; raises `NoTemporalServer` where the server does not answer."""

    control: WorkflowControl

    @property
    def _versions(self) -> WorkerVersions:
        return WorkerVersions(self.control.client)

    @property
    def _tasks(self) -> WorkflowTasks:
        return WorkflowTasks(self.control.client)

    async def report(self) -> VersionsReport:
        """Return every version, and what stands still."""
        with temporal_errors():
            (versions, others), count = await asyncio.gather(self._versions.known(), self._tasks.count_failing())
        failing = await self._tasks.failing() if count else ()
        return VersionsReport(versions=versions, workers_without_version=others, failing_count=count, failing=failing)

    async def promote(self, build_id: str, ramp: Ramp, notify: Notify) -> VersionsReport:
        """Give a version the work stage by stage, and all of it in the end; *notify* is told what happens.

        Where nobody does the work so far there are no stages. Raises `VersionFails` after taking it back, and
        `CommandFailed` for a version without workers.
        """
        report = await self.report()
        if _with_workers(report, build_id).status is VersionStatus.CURRENT:
            return report
        before = report.with_status(VersionStatus.CURRENT)
        worked = before.workers if before else report.workers_without_version
        for percentage in ramp.percentages if worked else ramp.percentages[-1:]:
            await self._give(build_id, percentage)
            notify(f"Version {build_id} takes {percentage:g}% of the plans.")
            try:
                await self._watch(build_id, ramp)
            except VersionFails:
                await self._return_to(before.build_id if before else WITHOUT_VERSION)
                raise
        return await self.report()

    async def rollback(self, build_id: str | None) -> VersionsReport:
        """End a ramp, or else make the version current that was so before, or the one that is named.

        Raises `CommandFailed` where there is none, or it has no workers.
        """
        report = await self.report()
        with temporal_errors():
            if build_id is None and report.with_status(VersionStatus.RAMPING):
                await self._versions.end_ramp()
            else:
                await self._return_to(_with_workers(report, build_id).build_id if build_id else _before(report))
        return await self.report()

    async def enter(self, build_id: str, *, promote: bool, notify: Notify) -> None:
        """Make a version current that is the first or to be promoted at once; of any other tell that it is not.

        Returns as soon as it is current. A server that is away, or slow to let its task queues know, is asked again.
        """
        told = False
        while (report := await self._entered(build_id, promote=promote)) is not None:
            version = report.of(build_id)
            if version and not told:
                notify(_not_current(report, version))
                told = True
            await asyncio.sleep(LATER_LOOK_SECONDS if told else FIRST_LOOK_SECONDS)
        if told:
            notify(f"Version {build_id} is current now: this worker is given work.")

    async def _entered(self, build_id: str, *, promote: bool) -> VersionsReport | None:
        """Make a version current where it is to be by itself; None where it is, or else what the server knows."""
        report = NOTHING_KNOWN
        with contextlib.suppress(RPCError, Unavailable, CommandFailed):
            report = await self.report()
            version = report.of(build_id)
            if version and version.status is VersionStatus.CURRENT:
                return None
            if version and (promote or _is_first(report)):
                report = NOTHING_KNOWN
                await self._versions.make_current(build_id)
                return None
        return report

    async def _give(self, build_id: str, percentage: float) -> None:
        """Give a version so much, as soon as the server knows that its workers serve every task queue."""
        clock = asyncio.get_running_loop().time
        until = clock() + READY_SECONDS
        while True:
            try:
                with temporal_errors():
                    if percentage < ALL:
                        return await self._versions.ramp(build_id, percentage)
                    return await self._versions.make_current(build_id)
            except RPCError as error:
                if error.status is not RPCStatusCode.FAILED_PRECONDITION:
                    raise
                if clock() >= until:
                    message = f"The server does not give version {build_id} work: {error.message}."
                    raise CommandFailed(message, code="version_not_ready") from error
            await asyncio.sleep(LOOK_SECONDS)

    async def _return_to(self, build_id: str) -> None:
        """Give a version everything, and no other a part."""
        with temporal_errors():
            await self._versions.make_current(build_id)
            await self._versions.end_ramp()

    async def _watch(self, build_id: str, ramp: Ramp) -> None:
        """Wake some plans, and watch until they have done what they woke for; raises `VersionFails`."""
        plans = (await self._tasks.running()).get("PlanWorkflow", [])
        woken = random.sample(plans, min(ramp.wake, len(plans)))
        await asyncio.gather(*(self.control.signal(workflow_id, WAKE) for workflow_id in woken))
        clock, suspects, waited = asyncio.get_running_loop().time, frozenset[str](), frozenset[str]()
        until = progress_at = clock() + ramp.watch.total_seconds()
        while True:
            tasks = await self._pending(build_id, woken)
            waiting = frozenset(task.workflow_id for task in tasks)
            failing = frozenset(task.workflow_id for task in tasks if task.fails)
            if twice := sorted(failing & suspects):
                raise VersionFails(_fails(build_id, twice))
            if clock() >= until and not tasks:
                return
            if not waited <= waiting:
                progress_at = max(progress_at, clock())
            if clock() >= progress_at + UNTAKEN_SECONDS:
                raise VersionFails(_fails(build_id, sorted(waiting)))
            suspects, waited = failing, waiting
            await asyncio.sleep(LOOK_SECONDS)

    async def _pending(self, build_id: str, woken: Sequence[str]) -> list[PendingTask]:
        """Return the tasks of plans that were woken which nobody has taken yet, and all that fail on a version."""
        asked = await asyncio.gather(*map(self._tasks.pending, woken))
        found = {task.workflow_id: task for task in (*asked, *await self._tasks.failing()) if task}
        return [task for task in found.values() if not task.fails or task.build_id == build_id]


def _with_workers(report: VersionsReport, build_id: str) -> WorkerVersion:
    if (version := report.of(build_id)) is None:
        known = ", ".join(one.build_id for one in report.versions) or "none"
        raise CommandFailed(f"No worker of version {build_id} ever ran; known are: {known}.", code="unknown_version")
    if not version.workers:
        raise CommandFailed(
            f"No worker of version {build_id} asks for work; start some, with BILLFLOW_BUILD_ID={build_id}.",
            code="version_without_workers",
        )
    return version


def _before(report: VersionsReport) -> str:
    past = [one for one in report.versions if one.status is not VersionStatus.CURRENT and one.last_current_at]
    if past:
        return _with_workers(report, max(past, key=lambda one: one.last_current_at or _FIRST).build_id).build_id
    if report.workers_without_version and report.with_status(VersionStatus.CURRENT):
        return WITHOUT_VERSION
    raise CommandFailed("No other version was current before.", code="no_earlier_version")


def _is_first(report: VersionsReport) -> bool:
    """Tell whether no version was ever current, and nobody works without one."""
    return not report.workers_without_version and not any(one.last_current_at for one in report.versions)


def _not_current(report: VersionsReport, version: WorkerVersion) -> str:
    current = report.with_status(VersionStatus.CURRENT)
    instead = f"version {current.build_id} is" if current else "workers without a version are"
    part = f"{version.percentage:g}% of the plans" if version.percentage else "nothing"
    return (
        f"Version {version.build_id} is not current, {instead}: this worker is given {part} until "
        f"`billflow deploy promote {version.build_id}`."
    )


def _fails(build_id: str, workflow_ids: Sequence[str]) -> str:
    more = f" and {len(workflow_ids) - NAMED} more" if len(workflow_ids) > NAMED else ""
    return (
        f"Version {build_id} was taken back: the tasks of {', '.join(workflow_ids[:NAMED])}{more} fail on it, or wait; "
        "the log of its workers says why."
    )


def standstill(report: VersionsReport) -> list[str]:
    """Return, in sentences, why plans stand still, and what to do."""
    current = report.with_status(VersionStatus.CURRENT)
    said = []
    if current and not current.workers:
        said.append(
            f"No worker of version {current.build_id} asks for work, so plans stand still: start some with "
            f"BILLFLOW_BUILD_ID={current.build_id}, or promote a version that has workers by `billflow deploy promote`."
        )
    if current is None and not report.workers_without_version:
        waiting = next((one.build_id for one in report.versions if one.workers), None)
        way_out = f"`billflow deploy promote {waiting}`" if waiting else "start some by `billflow worker`"
        said.append(f"No version is current and no worker is without one, so plans stand still: {way_out}.")
    if report.failing:
        said.append(
            "Tasks that fail are tried again: go back by `billflow deploy rollback`, or promote a version that can."
        )
    return said
