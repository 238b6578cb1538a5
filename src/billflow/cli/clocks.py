"""`billflow clock`: test clocks, whose plans live through years in seconds."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli.lookup import begun, id_of, now, org_of
from billflow.cli.output import FactList, Output, time, working
from billflow.cli.params import At, moment
from billflow.cli.session import CommandGroup, Engine, Store

if TYPE_CHECKING:
    from billflow.models.contracts.customers import ClockRecord

app = CommandGroup()

_ClockHere = Annotated[str, id_of("clock"), begun("test clock")]


@app.on_database("clock create demo --at 2024-01-31")
async def create(
    store: Store,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the clock is called.")],
    at: At = None,
) -> Output:
    """Create a test clock that stands still."""
    return _output(await store.repositories.test_clocks.create(await org_of(store), at or now(), name))


@app.on_engine("clock advance 7d21 2024-12-31")
async def advance(
    engine: Engine,
    clock: _ClockHere,
    to: Annotated[datetime, typer.Argument(parser=moment, metavar="MOMENT", help="Where it is to stand.")],
) -> Output:
    """Move a clock forward, and wait until its plans have come through everything that fell due."""
    with working("the plans are billed up to it"):
        await engine.clocks.advance(await org_of(engine), clock, to)
    return _output(await engine.repositories.test_clocks.get(await org_of(engine), clock))


@app.on_database("clock show 7d21")
async def show(store: Store, clock: _ClockHere) -> Output:
    """Show where a clock stands."""
    return _output(await store.repositories.test_clocks.get(await org_of(store), clock))


def _output(clock: "ClockRecord") -> Output:
    facts = {"id": clock.test_clock_id, "stands at": time(clock.now_at)}
    return Output(clock, FactList(f"Test clock {clock.name}", facts))
