"""`billflow completion`: the tab key in bash, zsh and fish."""

from typing import Annotated, Literal

import typer
from typer import completion as typers

from billflow.cli.app import COMPLETING


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print what lets a shell complete commands and options, to be read when it starts."""
    typer.echo(typers.get_completion_script(prog_name="billflow", complete_var=COMPLETING, shell=shell))


def know_shells() -> None:
    """Let words to come be said as each shell wants them."""
    typers.get_completion_inspect_parameters()
