"""`billflow recover`: everything that should run, from the rows."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli.output import Columns, Output, Table
from billflow.cli.session import Engine, on_engine

if TYPE_CHECKING:
    from billflow.service.recovery import RecoveryProgress

LOOK_SECONDS = 0.5

_KINDS: Columns = {
    "what": lambda found: found.kind,
    "running>": lambda found: found.running,
    "started>": lambda found: found.started,
    "woken>": lambda found: found.woken,
}


@on_engine
async def recover(
    engine: Engine,
    *,
    wake: Annotated[
        bool, typer.Option("--wake", help="Also let every plan look at its records anew, as after an older backup.")
    ] = False,
) -> Output:
    """Start the workflows that are missing, of all organizations, such as after Temporal's data were lost.

    Interrupted and typed again, it goes on.
    """
    from billflow.service.recovery import RecoveryProgress
    from billflow.wiring.workers import prepare

    await prepare(engine.client, engine.settings)
    org_ids, progress = await engine.queries.monitoring.organizations(), RecoveryProgress()
    with _shown(progress, len(org_ids)):
        report = await engine.recovery.recover(org_ids, progress, wake=wake)
    started, woken = (sum(getattr(kind, name) for kind in report.kinds) for name in ("started", "woken"))
    summary = f"{report.organizations} organizations: {started} started and {woken} woken in {report.seconds:.1f} s."
    return Output(report, Table("Recovery", _KINDS, report.kinds), summary)


@contextmanager
def _shown(progress: "RecoveryProgress", organizations: int) -> Iterator[None]:
    """Show on a terminal how far it has come."""
    from rich.console import Console

    def text() -> str:
        return f"{progress.organizations} of {organizations} organizations, {progress.counts.total()} workflows"

    async def look() -> None:
        while True:
            status.update(text())
            await asyncio.sleep(LOOK_SECONDS)

    with Console(stderr=True).status(text()) as status:
        looking = asyncio.create_task(look())
        try:
            yield
        finally:
            looking.cancel()
