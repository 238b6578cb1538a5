"""`billflow replay`: can this version go on with what runs now?"""

from typing import Annotated

import typer

from billflow.cli.output import Columns, Output, Table, working
from billflow.cli.session import Engine, on_engine

EXIT_FAILED = 1
"""A run can't be replayed."""

_TYPES: Columns = {
    "workflows": lambda one: one.workflow_type,
    "replayed>": lambda one: one.replayed,
    "running>": lambda one: one.running,
}
_FAILURES: Columns = {"workflow": lambda failure: failure.workflow_id, "error": lambda failure: failure.error}


@on_engine
async def replay(
    engine: Engine,
    *,
    sample: Annotated[
        int, typer.Option(min=1, max=100_000, help="How many running workflows of each type, chosen by chance.")
    ] = 100,
) -> Output:
    """Replay running workflows with the code of this program, before its version is promoted.

    Nothing is changed. It exits with 1 where a run can't be replayed.
    """
    from billflow.service.replay import Replay
    from billflow.settings import payload_keyring
    from billflow.temporal.plugin import billflow_plugin
    from billflow.temporal.workflow_tasks import WorkflowTasks
    from billflow.wiring.workers import ALL_WORKFLOWS

    plugin = billflow_plugin(keyring=payload_keyring(engine.settings))
    with working("Replaying what runs"):
        report = await Replay(WorkflowTasks(engine.client), ALL_WORKFLOWS, plugin).sample(sample)
    failures, replayed = report.failures, sum(one.replayed for one in report.types)
    tables = [Table("Replayed", _TYPES, report.types)]
    if failures:
        tables.append(Table(f"Can't be replayed: {len(failures)}", _FAILURES, failures))
    summary = f"{replayed} runs replayed, {len(failures)} can't be."
    return Output(report, *tables, summary, error=typer.Exit(EXIT_FAILED) if failures else None)
