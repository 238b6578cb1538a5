"""`billflow clock`: test clocks, whose plans live through years in seconds."""

from datetime import datetime
from typing import Annotated

import typer

from billflow.cli.json_objects import JsonObject
from billflow.cli.lookup import begun, id_of, now
from billflow.cli.output import FactList, Output, time, working
from billflow.cli.params import At, moment
from billflow.cli.session import Api, CommandGroup

app = CommandGroup()

_ClockHere = Annotated[str, id_of("test clock"), begun("test clock")]


@app.on_api("clock create demo --at 2024-01-31")
def create(
    api: Api,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the clock is called.")],
    at: At = None,
) -> Output:
    """Create a test clock that stands still."""
    return _output(api.write("POST", "/test-clocks", {"now_at": at or now(), "name": name}))


@app.on_api("clock advance 7d21 2024-12-31")
def advance(
    api: Api,
    clock: _ClockHere,
    to: Annotated[datetime, typer.Argument(parser=moment, metavar="MOMENT", help="Where it is to stand.")],
) -> Output:
    """Move a clock forward, and wait until its plans have come through everything that fell due."""
    with working("the plans are billed up to it"):
        return _output(api.write("POST", f"/test-clocks/{clock}/advance", {"to": to}))


@app.on_api("clock show 7d21")
def show(api: Api, clock: _ClockHere) -> Output:
    """Show where a clock stands."""
    return _output(api.get(f"/test-clocks/{clock}"))


def _output(clock: JsonObject) -> Output:
    facts = {"id": clock.id, "stands at": time(clock.now_at)}
    return Output(clock, FactList(f"Test clock {clock.name}", facts))
