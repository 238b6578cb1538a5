"""`billflow demo`: bill real organizations for years on real servers, and prove every cent."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from billflow.cli.params import AsJson, moment


def demo(  # noqa: PLR0913  (each is one wish)
    *,
    example: Annotated[
        str | None, typer.Option("--example", help="An example, such as own-product; an unknown one lists them.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Seat counts of your own, instead of examples/seats.csv.")
    ] = None,
    catalog: Annotated[
        Path | None, typer.Option("--catalog", help="What is sold, instead of an example; see `billflow catalog init`.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything up to look at, until ctrl-C.")] = False,
    only: Annotated[int | None, typer.Option("--only", min=1, help="Play the first so many customers only.")] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", parser=moment, metavar="DATE", help="Stop the clocks at this day.")
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="How many share the worker's work; half as many as cores by default, 1 to 4."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bill the customers of an example, or of a CSV, for all their years; recompute every invoice from the ledger.

    The columns are organization, observed_on, members and guests.
    """
    from billflow.demo.run import DemoOptions, run_demo

    wanted = DemoOptions(
        example=example,
        csv=csv,
        catalog=catalog,
        keep=keep,
        only=only,
        until=until,
        as_json=as_json,
        processes=processes,
    )
    raise typer.Exit(run_demo(wanted))
