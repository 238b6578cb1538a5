"""`billflow deploy`: which version of the workers is given what, and how another one takes over."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli.output import Columns, Output, Table, complain, time
from billflow.cli.session import CommandGroup, Engine
from billflow.domain.errors import InvalidInput

if TYPE_CHECKING:
    from billflow.models.contracts.versions import VersionsReport

app = CommandGroup()

_Build = Annotated[
    str | None,
    typer.Argument(metavar="[VERSION]", help="BILLFLOW_BUILD_ID of its workers; that of this program where left out."),
]

_VERSIONS: Columns = {
    "version": lambda version: version.build_id,
    "status": lambda version: version.status,
    "takes>": lambda version: f"{version.percentage:g}%",
    "workers>": lambda version: version.workers,
    "current last": lambda version: time(version.last_current_at),
}
_FAILING: Columns = {
    "workflow": lambda task: task.workflow_id,
    "version": lambda task: task.build_id or "none",
    "attempt>": lambda task: task.attempt,
}


@app.on_engine("deploy status", "deploy status --json")
async def status(engine: Engine) -> Output:
    """Show every version of the workers: what it is given, its workers, and which workflows fail."""
    return _shown(await engine.versions.report())


@app.on_engine("deploy promote", "deploy promote 0.3.0 --ramp 5,50,100 --watch 60", "deploy promote 0.3.0 --json")
async def promote(
    engine: Engine,
    version: _Build = None,
    *,
    ramp: Annotated[str, typer.Option(help="Which part of the plans it takes one after another, in percent.")] = (
        "5,50,100"
    ),
    watch: Annotated[int, typer.Option(min=0, help="For how many seconds each stage is watched at least.")] = 60,
    wake: Annotated[
        int, typer.Option(min=0, max=10_000, help="How many plans each stage wakes, chosen by chance.")
    ] = 100,
) -> Output:
    """Give a version the work stage by stage; take it back where workflow tasks fail on it.

    Its workers run beside the old ones, which may be stopped afterwards. A stage wakes some plans, so that there is
    something to see.
    """
    from billflow.service.versions import Ramp

    course = Ramp(percentages=_percentages(ramp), watch=timedelta(seconds=watch), wake=wake)
    return _shown(await engine.versions.promote(version or _own(engine), course, complain))


@app.on_engine("deploy rollback", "deploy rollback --to 0.2.0", "deploy rollback --json")
async def rollback(
    engine: Engine,
    *,
    to: Annotated[str | None, typer.Option(help="Which version, if not the one that was current before.")] = None,
) -> Output:
    """Give the version that was current before all work again; while another one ramps, end the ramp."""
    return _shown(await engine.versions.rollback(to))


def _own(engine: Engine) -> str:
    from billflow.temporal.versions import own_build_id

    if (build_id := own_build_id(engine.settings.build_id)) is None:
        raise InvalidInput("BILLFLOW_BUILD_ID is empty here; name the version.", code="unknown_version")
    return build_id


def _percentages(typed: str) -> tuple[float, ...]:
    from billflow.service.versions import ALL

    try:
        percentages = tuple(float(part) for part in typed.split(","))
    except ValueError:
        percentages = ()
    if not percentages or percentages[0] <= 0 or percentages[-1] != ALL or sorted(set(percentages)) != [*percentages]:
        raise InvalidInput(f"--ramp is {typed!r}; give rising numbers that end with 100, such as 5,50,100.")
    return percentages


def _shown(report: "VersionsReport") -> Output:
    from billflow.service.versions import standstill

    parts = [Table(f"Versions: {len(report.versions)}", _VERSIONS, report.versions)]
    if report.failing:
        parts.append(Table(f"Workflows whose task fails: {report.failing_count}", _FAILING, report.failing))
    return Output(report, *parts, *standstill(report))
