"""Workflows replay what their predecessors have done: running plans survive a new version."""

import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from billflow.temporal.plugin import billflow_plugin
from billflow.workflows.adjustments import AdjustmentWorkflow, CloseInvoiceWorkflow
from billflow.workflows.collection import CollectionWorkflow
from billflow.workflows.customer_update import CustomerUpdateWorkflow
from billflow.workflows.delivery import DeliveryWorkflow
from billflow.workflows.dry_run import DryRunWorkflow
from billflow.workflows.mail import MailWorkflow
from billflow.workflows.onboarding import OnboardingWorkflow
from billflow.workflows.plan import PlanWorkflow
from billflow.workflows.plan_batches import PlanBatchWorkflow
from billflow.workflows.reconciliation import FindingRepairWorkflow, ReconciliationWorkflow
from billflow.workflows.retention import RetentionWorkflow
from billflow.workflows.seats import SeatPullWorkflow
from tests.replay.fingerprint import BASELINE, fingerprint
from tests.replay.hasty_plan import HastyPlanWorkflow
from tests.replay.shapes import SHAPES

WORKFLOWS = [
    PlanWorkflow,
    CollectionWorkflow,
    OnboardingWorkflow,
    CustomerUpdateWorkflow,
    DeliveryWorkflow,
    AdjustmentWorkflow,
    CloseInvoiceWorkflow,
    ReconciliationWorkflow,
    MailWorkflow,
    RetentionWorkflow,
    SeatPullWorkflow,
    PlanBatchWorkflow,
    FindingRepairWorkflow,
    DryRunWorkflow,
]
HISTORIES = sorted(Path(__file__).with_name("histories").glob("*.json"))
EXPLANATION = """\
The commands that a workflow issues have changed. Plans that run now replay their histories with the new code, and stop
where it commands something else. Wrap the change, so that old runs keep the old way:

    if workflow.patched("what-changed"):
        ...the new way
    else:
        ...the old way, until no run of before is left

Then run `python scripts/record_histories.py`, which adds histories of the new way and takes the fingerprint anew; keep
the old histories for as long as runs of their age exist. The difference:
"""


def history_of(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(path.stem, path.read_text())


def test_every_shape_of_a_plans_life_has_a_history() -> None:
    assert {path.stem.split("-")[0] for path in HISTORIES} == {shape.__name__ for shape in SHAPES}


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_saved_history_replays(path: Path) -> None:
    replayer = Replayer(workflows=WORKFLOWS, plugins=[billflow_plugin(strict_imports=True)])

    replayed = await replayer.replay_workflow(history_of(path), raise_on_replay_failure=False)

    assert replayed.replay_failure is None


async def test_a_timer_that_was_not_there_before_is_caught() -> None:
    replayer = Replayer(workflows=[HastyPlanWorkflow], plugins=[billflow_plugin()])
    [path] = [path for path in HISTORIES if path.stem == "trial-1"]

    replayed = await replayer.replay_workflow(history_of(path), raise_on_replay_failure=False)

    assert isinstance(replayed.replay_failure, NondeterminismError)


def test_what_workflows_command_is_what_it_was() -> None:
    known, now = json.loads(BASELINE.read_text()), fingerprint()
    changed = {name: (known.get(name), now.get(name)) for name in known.keys() | now.keys()}
    difference = [f"{name}: {was} -> {is_now}" for name, (was, is_now) in sorted(changed.items()) if was != is_now]

    assert not difference, EXPLANATION + "\n".join(difference)
