"""`billflow completion`: the tab key in bash, zsh and fish."""

from typing import Annotated, Literal

import typer
from typer.completion import get_completion_inspect_parameters, shell_complete

from billflow.cli.params import COMPLETING


def completion(
    context: typer.Context,
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print what lets a shell complete commands and options, to be read when it starts."""
    know_shells()
    shell_complete(context.find_root().command, {}, "billflow", COMPLETING, f"source_{shell}")


def know_shells() -> None:
    """Let words to come be said as each shell wants them."""
    get_completion_inspect_parameters()
