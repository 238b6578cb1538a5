"""`billflow`: every command, and what becomes of an error."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer
from typer.main import get_command

from billflow.cli import (
    adjustments,
    audit,
    clocks,
    customers,
    demo,
    dev,
    dunning,
    endpoints,
    invoices,
    keys,
    mail,
    offers,
    payment_methods,
    plans,
    seats,
    servers,
    sponsorships,
)
from billflow.cli.conformance import conformance
from billflow.cli.encryption import rotate_encryption
from billflow.cli.errors import EXIT_INTERRUPTED, EXIT_REFUSED, problem_of, report
from billflow.cli.events import events
from billflow.cli.params import example
from billflow.cli.privacy import erase, export
from billflow.cli.reconcile import reconcile
from billflow.errors import kind_of

_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}

app = typer.Typer(name="billflow", add_completion=False, no_args_is_help=True, epilog=example("dev", "plan list"))
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


def _add(command: Callable[..., None], *examples: str, name: str | None = None) -> None:
    app.command(name, epilog=example(*examples))(command)


_add(demo.demo, "demo", "demo --csv seats.csv --json")
_add(dev.dev, "dev", "dev --data ~/billing --api-port 8000")
_add(servers.worker, "worker")
_add(servers.api, "api --host 0.0.0.0 --port 8000")
_add(servers.migrate, "migrate")
_add(reconcile, "reconcile", "reconcile --repair --json", "reconcile --last")
_add(events, "events --type invoice.paid", "events --customer 5f1c --json")
keys.app.command(epilog=example("keys rotate-encryption"))(rotate_encryption)
customers.app.add_typer(payment_methods.app)
customers.app.add_typer(sponsorships.app)
invoices.app.add_typer(adjustments.app)
customers.app.command(epilog=example("customer export 5f1c"))(export)
customers.app.command(epilog=example("customer erase 5f1c --reason 'asked for by mail'"))(erase)
app.command()(conformance)
for _name, _group in (
    ("plan", plans.app),
    ("offer", offers.app),
    ("invoice", invoices.app),
    ("mail", mail.app),
    ("dunning", dunning.app),
    ("customer", customers.app),
    ("seats", seats.app),
    ("clock", clocks.app),
    ("keys", keys.app),
    ("endpoint", endpoints.app),
    ("audit", audit.app),
):
    app.add_typer(_group, name=_name)
app.command("stripe-emulator", context_settings=_PASS_ON, epilog=example("stripe-emulator --port 12111 --control"))(
    servers.stripe_emulator
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code: 1 for a refusal, 2 for wrong usage."""
    code = run(sys.argv[1:] if arguments is None else arguments)
    if "temporalio" in sys.modules:
        from billflow.temporal.worker import leave

        leave(code)
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command; say what went wrong in one sentence and return the exit code."""
    try:
        code = get_command(app).main(list(arguments), prog_name="billflow", standalone_mode=False)
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
