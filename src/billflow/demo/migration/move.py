"""The second chapter: the account is read, checked, and imported."""

import json
from datetime import UTC, datetime
from typing import Any

from billflow.demo.environment import ORG
from billflow.demo.examples import DEFAULT, example_named
from billflow.demo.migration.books import added, old_books
from billflow.demo.migration.old_plans import MOVED, TIERS
from billflow.demo.migration.scene import Arrival, Scene
from billflow.demo.migration.telling import shown
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.wiring.store import sell_as_example

FOLDER, MAP, REPORT = "old-account", "prices.toml", "report.json"


async def move_in(scene: Scene) -> None:
    """Import the account as somebody would who types the commands."""
    scene.telling.chapter("Moving in")
    await _sell(scene)
    made = await scene.typist.ask("clock", "create", "migration", "--at", _said(MOVED))
    scene.clock = made["id"]
    (scene.typist.folder / MAP).write_text(price_map(), encoding="utf-8")
    scene.telling.fact(f"{MAP} says which tier each product is: {', '.join(TIERS)}")
    words = ("import", "stripe", FOLDER, "--map", MAP, "--test-clock", scene.clock, "--parallel-run")
    await scene.typist.type(*words, "--read", "--stripe-test-clock", scene.account.clock, "--check")
    await scene.typist.type(*words, "--report", REPORT)
    _arrive(scene, json.loads((scene.typist.folder / REPORT).read_text(encoding="utf-8")))
    await _compare(scene)


async def _sell(scene: Scene) -> None:
    repositories, change = scene.env.engine.repositories, ChangeContext(actor=ORG, at=datetime.now(UTC))
    await repositories.catalogs.apply(scene.env.org_id, example_named(DEFAULT).document(), change)
    await sell_as_example(repositories.sellers, scene.env.org_id)


def price_map() -> str:
    """Return the file that maps the old system's products."""
    return "\n".join(f'[products.{code}]\ntier = "{tier}"\n' for code, (_, tier) in TIERS.items())


def _arrive(scene: Scene, report: dict[str, Any]) -> None:
    ids = {(row["kind"], row["external_id"]): row["id"] for row in report["records"]}
    for name, customer in scene.account.customers.items():
        plan = ids["plan", scene.account.subscriptions[name]]
        scene.arrivals[name] = Arrival(ids["customer", customer], plan)


async def _compare(scene: Scene) -> None:
    """Hold the statements of account against the old system's books."""
    names = list(scene.arrivals)
    invoices = [one for name in names for one in await scene.account.invoices(name)]
    given = added((one.currency.upper(), -one.total) for one in invoices if one.total < 0)
    if given:
        scene.telling.fact(f"What is ignored gave back {shown(given)}, by Stripe's balance, which paid what came next")
    books = old_books([one for one in invoices if one.total >= 0])
    charged, due = [], []
    for name in names:
        ref = CustomerRef(org_id=scene.env.org_id, customer_id=scene.arrivals[name].customer_id)
        stated = await scene.env.engine.documents.statement(ref, None, None, MOVED)
        charged += [(account.currency, account.charges) for account in stated.accounts]
        due += [(account.currency, account.closing_balance) for account in stated.accounts]
    scene.telling.check(
        f"The statements of account charge what Stripe did: {shown(books.total)}", added(charged), dict(books.total)
    )
    open_sums = {currency: amount for currency, amount in added(due).items() if amount}
    scene.telling.check(
        f"They are open over what is open there: {shown(books.is_open)}", open_sums, dict(books.is_open)
    )


def _said(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
