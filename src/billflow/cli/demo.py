"""`billflow demo`: bill real organizations for years on real servers, and prove every cent."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from billflow.cli.params import AsJson, moment
from billflow.errors import UsageError


class Story(StrEnum):
    """What a demo shows."""

    BILLING = "billing"
    MIGRATION = "migration"


Processes = Annotated[
    int | None,
    typer.Option(min=1, max=64, help="How many share the worker's work; half as many as cores by default, 1 to 4."),
]
Until = Annotated[
    datetime | None, typer.Option("--until", parser=moment, metavar="DATE", help="Stop the clocks at this day.")
]
Sold = Annotated[
    Path | None, typer.Option("--catalog", help="What is sold, instead of an example; see `billflow catalog init`.")
]


def demo(  # noqa: PLR0913  (each is one wish)
    *,
    story: Annotated[
        Story, typer.Option("--story", help="billing, or migration: how the organizations move in from Stripe.")
    ] = Story.BILLING,
    example: Annotated[
        str | None, typer.Option("--example", help="An example, such as own-product; an unknown one lists them.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Seat counts of your own, instead of examples/seats.csv.")
    ] = None,
    catalog: Sold = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything up to look at, until ctrl-C.")] = False,
    only: Annotated[int | None, typer.Option("--only", min=1, help="Play the first so many customers only.")] = None,
    until: Until = None,
    processes: Processes = None,
    as_json: AsJson = False,
) -> None:
    """Bill the customers of an example, or of a CSV, for all their years; recompute every invoice from the ledger.

    The columns are organization, observed_on, members and guests.

    With `--story migration` they live at the Stripe emulator for two years, and move to billflow then.
    """
    if story is Story.MIGRATION:
        _check_alone(example=example, csv=csv, catalog=catalog, until=until)
        from billflow.demo.migration.chapters import MigrationOptions, run_migration

        raise typer.Exit(run_migration(MigrationOptions(only=only, keep=keep, as_json=as_json, processes=processes)))
    from billflow.demo.run import DemoOptions, run_demo

    which = DemoOptions(example=example, csv=csv, catalog=catalog, keep=keep, only=only, until=until)
    raise typer.Exit(run_demo(replace(which, as_json=as_json, processes=processes)))


def _check_alone(**given: object) -> None:
    """Raise `UsageError` for what the story of a migration has itself."""
    for name, value in given.items():
        if value is not None:
            raise UsageError(f"The story migration has its own customers and years; leave out --{name}.")
