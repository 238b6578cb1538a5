"""The second chapter: the account is read, checked, and imported."""

import json
from datetime import UTC, datetime
from shutil import copy
from typing import Any

from billflow.demo.environment import ORG
from billflow.demo.examples import DEFAULT, example_named
from billflow.demo.migration.old_plans import MOVED, PRODUCTS
from billflow.demo.migration.report import shown
from billflow.demo.migration.run import Arrival, MigrationRun
from billflow.demo.migration.sums import added, old_sums
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.wiring.store import sell_as_example

FOLDER, MAP, REPORT = "old-account", "prices.toml", "report.json"


async def move_in(run: MigrationRun) -> None:
    """Import the account as somebody would who types the commands."""
    run.report.chapter("Moving in")
    await _sell(run)
    made = await run.typist.ask("clock", "create", "migration", "--at", _said(MOVED))
    run.clock = made["id"]
    copy(example_named(DEFAULT).folder / MAP, run.typist.folder)
    run.report.fact(f"{MAP} says which tier each product is: {', '.join(PRODUCTS)}")
    words = ("import", "stripe", FOLDER, "--map", MAP, "--test-clock", run.clock, "--parallel-run")
    await run.typist.type(*words, "--read", "--stripe-test-clock", run.account.clock, "--check")
    await run.typist.type(*words, "--report", REPORT)
    _arrive(run, json.loads((run.typist.folder / REPORT).read_text(encoding="utf-8")))
    await _compare(run)


async def _sell(run: MigrationRun) -> None:
    repositories, change = run.env.engine.repositories, ChangeContext(actor=ORG, at=datetime.now(UTC))
    await repositories.catalogs.apply(run.env.org_id, example_named(DEFAULT).document(), change)
    await sell_as_example(repositories.sellers, run.env.org_id)


def _arrive(run: MigrationRun, report: dict[str, Any]) -> None:
    ids = {(row["kind"], row["external_id"]): row["id"] for row in report["records"]}
    for name, customer in run.account.customers.items():
        plan = ids["plan", run.account.subscriptions[name]]
        run.arrivals[name] = Arrival(ids["customer", customer], plan)


async def _compare(run: MigrationRun) -> None:
    """Hold the statements of account against the old system's sums."""
    names = list(run.arrivals)
    invoices = [one for name in names for one in await run.account.invoices(name)]
    given = added((one.currency.upper(), -one.total) for one in invoices if one.total < 0)
    if given:
        run.report.fact(f"What is ignored credited {shown(given)}, by Stripe's balance, which paid what came next")
    sums = old_sums([one for one in invoices if one.total >= 0])
    charged, due = [], []
    for name in names:
        ref = CustomerRef(org_id=run.env.org_id, customer_id=run.arrivals[name].customer_id)
        stated = await run.env.engine.documents.statement(ref, None, None, MOVED)
        charged += [(account.currency, account.charges) for account in stated.accounts]
        due += [(account.currency, account.closing_balance) for account in stated.accounts]
    run.report.check(
        f"The statements of account charge what Stripe did: {shown(sums.total)}", added(charged), dict(sums.total)
    )
    open_sums = {currency: amount for currency, amount in added(due).items() if amount}
    run.report.check(f"They are open over what is open there: {shown(sums.is_open)}", open_sums, dict(sums.is_open))


def _said(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
