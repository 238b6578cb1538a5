"""`billflow completion`: the tab key in bash, zsh and fish."""

import io
from contextlib import redirect_stdout
from typing import Annotated, Literal

import typer
from typer.completion import get_completion_inspect_parameters, shell_complete

from billflow.cli.params import COMPLETING

_REGISTERED = "compdef _billflow_completion billflow"
_LOADED_OR_REGISTERED = f"""\
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _billflow_completion "$@"
else
  {_REGISTERED}
fi"""
"""For zsh: a file of its search path is loaded by the first tab, which is to complete something too."""


def completion(
    context: typer.Context,
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print what lets a shell complete commands and options, to be read when it starts."""
    know_shells()
    written = io.StringIO()
    with redirect_stdout(written):
        shell_complete(context.find_root().command, {}, "billflow", COMPLETING, f"source_{shell}")
    typer.echo(written.getvalue().strip().replace(_REGISTERED, _LOADED_OR_REGISTERED))


def know_shells() -> None:
    """Let words to come be said as each shell wants them."""
    get_completion_inspect_parameters()
