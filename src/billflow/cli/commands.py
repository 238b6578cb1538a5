"""Every command by name, with its line of help; its module is imported when it is run, so that --help needs none."""

from importlib import import_module
from typing import Any, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from billflow.cli.params import example


class LazyCommand(TyperCommand):
    """A command or group of commands that is not imported yet.

    *target* names a function or a `typer.Typer` as `module:attribute`, the module under `billflow.cli`. Its help ends
    with *examples*.
    """

    def __init__(self, name: str, target: str, text: str, *examples: str, **settings: Any) -> None:
        super().__init__(name, help=text)
        self.target, self.examples, self.settings = target, examples, settings

    def load(self) -> TyperCommand | TyperGroup:
        """Import the command, and return it."""
        module, _, attribute = self.target.partition(":")
        found = getattr(import_module(f"billflow.cli.{module}"), attribute)
        if isinstance(found, typer.Typer):
            group = get_group(found)
            group.help, group.epilog, group.no_args_is_help = self.help, example(*self.examples), True
            return group
        alone = typer.Typer(add_completion=False)
        alone.command(self.name, epilog=example(*self.examples), context_settings=self.settings)(found)
        return cast(TyperCommand, get_command(alone))


COMMANDS = (
    LazyCommand(
        "demo",
        "demo:demo",
        "Bill the customers of an example, or of a CSV, for all their years; recompute every invoice from the ledger.",
        "demo",
        "demo --example own-product",
        "demo --csv seats.csv --json",
        "demo --story migration",
    ),
    LazyCommand(
        "dev",
        "dev:dev",
        "Start PostgreSQL, Temporal, the Stripe emulator, a worker and the API; ctrl-C stops them all.",
        "dev",
        "dev --data ~/billing --api-port 8000",
    ),
    LazyCommand(
        "worker",
        "servers:worker",
        "Run a worker for every task queue until SIGTERM or ctrl-C; running activities get 30 seconds to finish.",
        "worker",
    ),
    LazyCommand(
        "api",
        "servers:api",
        "Serve the HTTP API until SIGTERM or ctrl-C; its pages for people are at /docs.",
        "api --host 0.0.0.0 --port 8000",
    ),
    LazyCommand(
        "migrate",
        "servers:migrate",
        "Bring the database to the newest version, and Temporal's search attributes and schedules; safe to repeat.",
        "migrate",
    ),
    LazyCommand(
        "deploy",
        "deploy:app",
        "Bring out a version of the workers in stages, or go back to the one before.",
        "deploy status",
        "deploy promote 0.3.0",
    ),
    LazyCommand(
        "replay",
        "replay:replay",
        "Replay running workflows with the code of this program, before its version is promoted.",
        "replay --sample 100",
        "replay --sample 20 --json",
    ),
    LazyCommand(
        "dry-run",
        "dry_run:dry_run",
        "Bill every plan ahead by the rules of today and by changed ones, and show what differs; nothing is written.",
        "dry-run --until 2027-12-31",
        "dry-run --catalog catalog.toml --reprice team --from 2027-01-01 --notice 30 --html dry-run.html",
        "dry-run --tax tax.toml --only currency=EUR --csv dry-run.csv",
        "dry-run --wheel billflow-0.3.0-py3-none-any.whl --folder dry-run --json",
    ),
    LazyCommand(
        "reconcile",
        "reconciliation:reconcile",
        "Compare the billing database, Stripe and the workflows, list every drift; exits with 1 where some is left.",
        "reconcile --repair --json",
        "reconcile --last",
    ),
    LazyCommand(
        "reconciliation",
        "reconciliation_runs:app",
        "Look at what reconciliation found, begin a run, and repair one finding.",
        "reconciliation list",
    ),
    LazyCommand(
        "recover",
        "recovery:recover",
        "Start the workflows that are missing, of all organizations, such as after Temporal's data were lost.",
        "recover --json",
        "recover --wake",
    ),
    LazyCommand(
        "prune",
        "prune:prune",
        "Delete what is older than its period, in every organization; a schedule does it each night.",
        "prune --json",
    ),
    LazyCommand(
        "journal",
        "journal:journal",
        "Write the journal to a file: what was billed, earned by month, credited, paid and refunded, in double entry.",
        "journal --since 2026-01-01 --until 2027-01-01",
        "journal --format datev --since 2026-01-01 --until 2027-01-01 -o datev.csv --json",
    ),
    LazyCommand(
        "events",
        "events:events",
        "List what happened, the newest first.",
        "events --type invoice.paid",
        "events --customer 5f1c --json",
    ),
    LazyCommand(
        "foreign-events",
        "events:foreign_events",
        "List the signed events of Stripe's that belong to no organization, the newest first.",
        "foreign-events --json",
    ),
    LazyCommand(
        "conformance", "conformance:conformance", "Run every case of FILE through the domain and print what differs."
    ),
    LazyCommand(
        "stripe-emulator",
        "servers:stripe_emulator",
        "Run a local server that speaks Stripe's API, for development and tests; --help shows its options.",
        "stripe-emulator --port 12111 --control",
        allow_extra_args=True,
        ignore_unknown_options=True,
        help_option_names=[],
    ),
    LazyCommand("catalog", "catalog:app", "Show and change what is sold.", "catalog init"),
    LazyCommand("seller", "seller:app", "Show and change who sells, as invoices say.", "seller init"),
    LazyCommand("tax", "tax:app", "Show and change how what is billed is taxed.", "tax init"),
    LazyCommand("plan", "plans:app", "Start, change and look at plans.", "plan list"),
    LazyCommand("batch", "plan_batches:app", "Give one command to many plans.", "batch list"),
    LazyCommand(
        "cutover",
        "cutovers:app",
        "Bill plans of a parallel run from the end of a period on, where the old subscription is told to end.",
        "cutover --plans tier=cloud_standard --at 2027-01-01 --dry-run",
        "cutover cancel --plans tier=cloud_standard --dry-run",
    ),
    LazyCommand("offer", "offers:app", "Prepare prices for one customer.", "offer list 5f1c"),
    LazyCommand("coupon", "coupons:app", "Make coupons, and give them to customers.", "coupon list"),
    LazyCommand("invoice", "invoices:app", "Look at invoices and their every cent.", "invoice list"),
    LazyCommand("credit-note", "refunds:credit_notes", "Look at credit notes.", "credit-note show CN-000042"),
    LazyCommand("refund", "refunds:refunds", "Look at refunds.", "refund show RF-000042"),
    LazyCommand("mail", "mail:app", "Read the mails to customers.", "mail list"),
    LazyCommand("dunning", "dunning:app", "Show and change how unpaid invoices are collected.", "dunning show"),
    LazyCommand("notices", "notices:app", "Show and change how long ahead customers are told.", "notices show"),
    LazyCommand("portal", "portal:app", "Show and change what customers may do in the portal.", "portal show"),
    LazyCommand("customer", "customers:app", "Create, find, change and suspend customers.", "customer list"),
    LazyCommand(
        "import",
        "imports:app",
        "Move in from another billing system: customers, live plans, seats, open and paid invoices.",
        "import csv ./old --check",
        "import stripe ./read --map prices.toml --check",
    ),
    LazyCommand(
        "parallel-run",
        "parallel_runs:app",
        "Compare what billflow computes with what the old system issues.",
        "parallel-run report",
    ),
    LazyCommand("seats", "seats:app", "Report how many people use what.", "seats import seats.csv"),
    LazyCommand("clock", "clocks:app", "Move test clocks, and with them their plans.", "clock create demo"),
    LazyCommand("keys", "keys:app", "Make, list, revoke and rotate API keys.", "keys create backend"),
    LazyCommand(
        "endpoint",
        "endpoints:app",
        "Send events to endpoints, signed as Standard Webhooks describes.",
        "endpoint create https://example.com/events",
    ),
    LazyCommand(
        "login",
        "login:login",
        "Keep an API's address and a key for it, and use them from now on.",
        "login https://billing.example.com --profile production",
    ),
    LazyCommand(
        "completion",
        "completion:completion",
        "Print what lets a shell complete commands and options, to be read when it starts.",
        "completion bash > ~/.local/share/bash-completion/completions/billflow",
        "completion zsh > ~/.zfunc/_billflow",
        "completion fish > ~/.config/fish/completions/billflow.fish",
    ),
    LazyCommand("profile", "login:app", "Show and change which API commands ask.", "profile list"),
    LazyCommand("queues", "queues:app", "Show what waits, and set how fast it is handed out.", "queues show"),
    LazyCommand(
        "console",
        "console:app",
        "Let people into the console, which `billflow api` serves at /console.",
        'console login-link "Kim" --role support',
    ),
    LazyCommand(
        "business",
        "business:app",
        "Look at the whole business: what recurs, came in, is owed, renews and waits.",
        "business report",
    ),
    LazyCommand("audit", "audit:app", "Look at the audit log and verify it.", "audit list"),
    LazyCommand(
        "settings",
        "settings:settings",
        "Print the settings that are in force here, and where each comes from; secrets are hidden.",
        "settings --json",
    ),
)
