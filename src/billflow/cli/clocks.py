"""`billflow clock`: test clocks, whose plans live through years in seconds."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli import output
from billflow.cli.lookup import found, now, org_of
from billflow.cli.params import AsJson, At, ClockId, example, moment
from billflow.cli.session import on_database, run

if TYPE_CHECKING:
    from billflow.models.contracts.customers import ClockRecord
    from billflow.wiring.engine import Engine
    from billflow.wiring.store import Store

app = typer.Typer(
    help="Move test clocks, and with them their plans.", epilog=example("clock create demo"), no_args_is_help=True
)


@app.command(epilog=example("clock create demo --at 2024-01-31"))
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the clock is called.")],
    *,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Create a test clock that stands still."""

    async def act(store: "Store") -> None:
        _show(await store.repositories.test_clocks.create(await org_of(store), at or now(), name), as_json=as_json)

    on_database(act)


@app.command(epilog=example("clock advance 7d21 2024-12-31"))
def advance(
    clock: ClockId,
    to: Annotated[datetime, typer.Argument(parser=moment, metavar="MOMENT", help="Where it is to stand.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Move a clock forward, and wait until its plans have come through everything that fell due."""

    async def act(engine: "Engine") -> None:
        org_id, clock_id = await org_of(engine), await found(engine, "clock", clock)
        with output.working("the plans are billed up to it"):
            await engine.clocks.advance(org_id, clock_id, to)
        _show(await engine.repositories.test_clocks.get(org_id, clock_id), as_json=as_json)

    run(act)


@app.command(epilog=example("clock show 7d21"))
def show(clock: ClockId, *, as_json: AsJson = False) -> None:
    """Show where a clock stands."""

    async def act(store: "Store") -> None:
        _show(
            await store.repositories.test_clocks.get(await org_of(store), await found(store, "clock", clock)),
            as_json=as_json,
        )

    on_database(act)


def _show(clock: "ClockRecord", *, as_json: bool) -> None:
    if as_json:
        output.as_json(clock)
    else:
        output.facts(f"Test clock {clock.name}", {"id": clock.test_clock_id, "stands at": output.time(clock.now_at)})
