"""`billflow`: every command, and what becomes of an error."""

import gc
import logging
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_command

from billflow.cli.commands import COMMANDS, LazyCommand
from billflow.cli.errors import EXIT_INTERRUPTED, EXIT_REFUSED, problem_of, report
from billflow.cli.params import COMPLETING, example
from billflow.errors import kind_of

YOUNG = 100_000
"""Objects made before the garbage collector looks at the young ones; a command imports some 200,000, which stay."""


class Commands(TyperGroup):
    """All commands, of which the one that is run is imported."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "commands": {command.name: command for command in COMMANDS}})

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Import the command that *args* begin with."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, LazyCommand) else command, rest


app = typer.Typer(
    name="billflow", cls=Commands, add_completion=False, no_args_is_help=True, epilog=example("dev", "plan list")
)
"""The whole command line."""


def _say_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"billflow {version('billflow')}")
        raise typer.Exit


_Version = Annotated[
    bool, typer.Option("--version", help="Say which version this is.", is_eager=True, callback=_say_version)
]


@app.callback()
def billflow(*, _version: _Version = False) -> None:
    """Bill seat-based subscriptions: every plan one durable workflow, every cent explained."""


def main(arguments: Sequence[str] | None = None, program: typer.Typer = app, name: str = "billflow") -> NoReturn:
    """Run the command line and end the process with its exit code: 1 for a refusal, 2 for wrong usage."""
    gc.set_threshold(YOUNG)
    _leave(run(sys.argv[1:] if arguments is None else arguments, program, name))


def _leave(code: int) -> NoReturn:
    """End the process now, after flushing what was written.

    The interpreter's own shutdown takes a tenth of a short command's time, and can abort with code 134 after a busy
    worker (temporalio/sdk-python issue 300).
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def run(arguments: Sequence[str], program: typer.Typer = app, name: str = "billflow") -> int:
    """Run one command; say what went wrong in one sentence and return the exit code."""
    if COMPLETING in os.environ:
        from billflow.cli.completion import know_shells

        know_shells()
    try:
        code = get_command(program).main(list(arguments), prog_name=name, standalone_mode=False)
        sys.stdout.flush()
    except (typer.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_REFUSED
    except Exception as error:  # noqa: BLE001  (nobody is to see a stack trace)
        problem = problem_of(error)
        report(problem, as_json="--json" in arguments)
        return kind_of(type(problem)).exit_code
    return code if isinstance(code, int) else 0
