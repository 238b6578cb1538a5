"""Replaying what runs now with the code of this process, before its version is given the work."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from temporalio.client import WorkflowHistory
from temporalio.plugin import SimplePlugin
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer

from billflow.models.contracts.versions import ReplayedType, ReplayFailure, ReplayReport
from billflow.temporal.workflow_control import temporal_errors
from billflow.temporal.workflow_tasks import WorkflowTasks


@dataclass(frozen=True)
class Replay:
    """Replays running workflows with classes of *workflows*; the *plugin* is that of their workers."""

    tasks: WorkflowTasks
    workflows: Sequence[type]
    plugin: SimplePlugin

    async def sample(self, most: int) -> ReplayReport:
        """Replay the histories of *most* running workflows of each type, chosen by chance where there are more.

        Nothing is changed, nobody is signalled. Raises `NoTemporalServer`.
        """
        replayer = Replayer(workflows=self.workflows, plugins=[self.plugin])
        types, failures = list[ReplayedType](), list[ReplayFailure]()
        for workflow_type, running in sorted((await self.tasks.running()).items()):
            chosen = random.sample(running, min(most, len(running)))
            histories = [history for one in chosen if (history := await self._history(one))]
            for history in histories:
                result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
                if error := result.replay_failure:
                    failures.append(ReplayFailure(workflow_id=history.workflow_id, error=_first_line(error)))
            types.append(ReplayedType(workflow_type=workflow_type, replayed=len(histories), running=len(running)))
        return ReplayReport(types=tuple(types), failures=tuple(failures))

    async def _history(self, workflow_id: str) -> WorkflowHistory | None:
        """Return what a workflow's run has done so far; None where it is gone."""
        try:
            with temporal_errors():
                return await self.tasks.client.get_workflow_handle(workflow_id).fetch_history()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return None


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
