"""`billflow catalog`: what is sold, from a file."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from billflow.cli.fields import Typed, parameter
from billflow.cli.lookup import change_here, now, only, org_of, short
from billflow.cli.output import FactList, Output, Table, time, whole
from billflow.cli.output import amount as written
from billflow.cli.params import AsJson, Reason, example, moment_option, write_example
from billflow.cli.session import CommandGroup, Engine, Store
from billflow.domain.errors import InvalidInput

if TYPE_CHECKING:
    from billflow.domain.catalog import Catalog, Tier
    from billflow.models.contracts.catalog import CatalogDocument, CatalogVersion
    from billflow.models.contracts.catalog_changes import CatalogChange, CatalogDiff, NextInvoice, PriceChangeCreate

app = CommandGroup()

CHANGES = {
    "Tier or add-on": lambda one: one.tier or one.add_on,
    "Field": lambda one: one.field,
    "Before~": lambda one: _value(one.field, one.before),
    "After~": lambda one: _value(one.field, one.after),
}
EFFECTS = {
    "Plan": lambda one: short(one.plan_id),
    "Customer~": lambda one: one.customer_name,
    "Tier": lambda one: one.tier,
    "Next invoice>": lambda one: _invoice(one.before, one.currency),
    "Would be>": lambda one: _invoice(one.after, one.currency),
}
REPRICED = {
    "Plan": lambda one: short(one.plan_id),
    "Customer~": lambda one: one.customer_name,
    "Renews": lambda one: one.schedule,
    "Licenses>": lambda one: one.licenses,
    "Price>": lambda one: written(one.price_before, one.currency),
    "New>": lambda one: written(one.price_after, one.currency),
    "Renewal>": lambda one: written(one.amount_before, one.currency),
    "New renewal>": lambda one: written(one.amount_after, one.currency),
    "From": lambda one: time(one.takes_effect_at),
}
ANNOUNCED = {
    "Id": lambda one: short(one.price_change_id),
    "Tier": lambda one: one.tier,
    "From": lambda one: time(one.starts_at),
    "Notice>": lambda one: f"{one.notice_days} days",
    "Plans>": lambda one: one.plans,
    "Pending>": lambda one: one.pending,
    "By": lambda one: one.actor,
    "Withdrawn": lambda one: time(one.withdrawn_at),
}

File = Annotated[Path, typer.Argument(metavar="FILE", help="A catalogue in TOML, or in JSON where it ends in .json.")]
_Example = Annotated[str, typer.Option("--example", help="Which one: per_seat, or cloud_and_self_hosted.")]


@app.command("init", epilog=example("catalog init", "catalog init ours.toml --example cloud_and_self_hosted"))
def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What to write.")] = Path("catalog.toml"),
    which: _Example = "per_seat",
) -> None:
    """Write an example of a catalogue, with comments, to change to your own; what is there already stays."""
    from billflow.models.contracts.catalog import CLOUD_AND_SELF_HOSTED, PER_SEAT, example_text

    if which not in (known := (PER_SEAT, CLOUD_AND_SELF_HOSTED)):
        raise InvalidInput(f"There is no example {which!r}; name {' or '.join(known)}.", field="example")
    write_example(file, example_text(which))
    Output({"file": file}, f"Wrote {file}; change it, then: billflow catalog apply {file}").show(as_json=False)


@app.command("check", epilog=example("catalog check catalog.toml"))
def check(file: File, *, as_json: AsJson = False) -> None:
    """Say whether a catalogue is right; that needs no database, so what plans need is left to `diff` and `apply`."""
    catalog = _read(file).checked()
    sentence = f"{file} is right: {', '.join(catalog.tiers) or 'it sells nothing'}."
    Output({"tiers": list(catalog.tiers)}, sentence).show(as_json=as_json)


async def _reprice(_: Store, typed: Mapping[str, Any]) -> "PriceChangeCreate | None":
    from billflow.models.contracts.catalog_changes import PriceChangeCreate

    if typed["reprice"] is None:
        if typed["from_"] or typed["notice"] is not None:
            raise InvalidInput("--from and --notice are for --reprice; name its tier.", field="reprice")
        return None
    if typed["from_"] is None or typed["notice"] is None:
        raise InvalidInput("--reprice needs --from, a date, and --notice, a number of days.", field="reprice")
    return PriceChangeCreate(tier=typed["reprice"], starts_at=typed["from_"], notice_days=typed["notice"])


_REPRICE = [
    parameter("reprice", Annotated[str | None, typer.Option(help="Give the plans of this tier its new price.")], None),
    parameter(
        "from_", Annotated[datetime | None, moment_option("At their first renewal from then on.", "--from")], None
    ),
    parameter(
        "notice", Annotated[int | None, typer.Option(min=0, max=365, help="And so many days later at least.")], None
    ),
]
RepriceHere = Annotated["PriceChangeCreate | None", Typed(_reprice, _REPRICE)]


@app.on_database("catalog diff catalog.toml", "catalog diff catalog.toml --reprice team --from 2027-01-01 --notice 30")
async def diff(store: Store, file: File, *, reprice: RepriceHere) -> Output:
    """Show what FILE would change and for whom, with amounts; nothing is written."""
    document, org_id = _read(file), await org_of(store)
    found = await store.catalog.diff(org_id, document)
    changes = _changes(found, document)
    prices = store.repositories.price_changes
    repriced = await prices.preview(org_id, reprice, now(), document.checked()) if reprice else ()
    parts = [
        Table(f"Changes: {len(changes)}", CHANGES, changes),
        Table(_examined(found), EFFECTS, found.touched),
    ]
    tables = [*parts, Table(f"New prices: {len(repriced)}", REPRICED, repriced)] if reprice else parts
    return Output({**found.model_dump(), "repriced": repriced}, *tables)


@app.on_engine(
    "catalog apply catalog.toml --reason 'a tier for large teams'",
    "catalog apply catalog.toml --reprice team --from 2027-01-01 --notice 30",
)
async def apply(engine: Engine, file: File, *, reprice: RepriceHere, reason: Reason = None) -> Output:
    """Sell from FILE from now on; plans that run keep their price, but for --reprice.

    What is not right changes nothing. `catalog diff` lists beforehand whom new prices reach, and
    `catalog withdraw-price-change` takes them back.
    """
    from billflow.models.contracts.catalog import CatalogResponse

    document, org_id, change = _read(file), await org_of(engine), change_here(reason)
    prices = engine.repositories.price_changes
    if reprice:
        await prices.preview(org_id, reprice, change.at, document.checked())
    version = await engine.repositories.catalogs.apply(org_id, document, change)
    sold, sentence = CatalogResponse.of_version(version, document), f"Version {version.version} is what is sold."
    if not reprice:
        return Output(sold, sentence)
    announced, plans = await engine.pricing.announce(org_id, reprice.model_copy(update={"reason": reason}), change)
    title = f"Price change {announced.price_change_id}: {announced.plans} plans"
    return Output(
        {**sold.model_dump(), "price_change": announced, "repriced": plans}, sentence, Table(title, REPRICED, plans)
    )


@app.on_database("catalog price-changes", name="price-changes")
async def price_changes(store: Store) -> Output:
    """List the price changes that were announced, the newest first."""
    found = await store.repositories.price_changes.list(await org_of(store))
    return whole("Price changes", found, ANNOUNCED)


@app.on_database("catalog withdraw-price-change 3f1c", name="withdraw-price-change")
async def withdraw_price_change(
    store: Store,
    price_change: Annotated[str, typer.Argument(metavar="ID", help="A price change's id, or enough of its beginning.")],
) -> Output:
    """Let the plans that still have their price keep it."""
    org_id, prices = await org_of(store), store.repositories.price_changes
    known = [one.price_change_id for one in await prices.list(org_id)]
    wanted = only("price change", price_change, [one for one in known if one.startswith(price_change.lower())])
    found = await prices.withdraw(org_id, wanted, change_here())
    return Output(found, f"Withdrawn; {found.plans} plans have the new price already.")


@app.on_database("catalog show", "catalog show --version 3 --json")
async def show(
    store: Store, *, version: Annotated[int | None, typer.Option(help="An earlier version.")] = None
) -> Output:
    """Show what is sold, or was by an earlier version."""
    from billflow.models.contracts.catalog import CatalogResponse

    found, document = await store.repositories.catalogs.version(await org_of(store), version)
    return Output(CatalogResponse.of_version(found, document), _about(found), _tiers(document.catalog()))


@app.on_database("catalog versions")
async def versions(store: Store) -> Output:
    """List every version that was applied, the newest first."""
    found = await store.repositories.catalogs.versions(await org_of(store))
    columns = {
        "Version>": lambda one: one.version,
        "Applied": lambda one: time(one.applied_at),
        "By": lambda one: one.applied_by,
        "Why~": lambda one: one.reason or "",
    }
    return whole("Versions", found, columns)


def _read(file: Path) -> "CatalogDocument":
    from billflow.models.contracts.catalog import CATALOG_FILE

    return CATALOG_FILE.read(file)


def _changes(found: "CatalogDiff", document: "CatalogDocument") -> "list[CatalogChange]":
    """Return what changes; of a tier that goes its name alone."""
    return [one for one in found.changes if one.tier in document.tier or one.field == "name"]


def _examined(found: "CatalogDiff") -> str:
    rest = f", the first {found.examined} looked at" if found.examined < found.plans else ""
    return f"Next invoices that change: {len(found.touched)} of {found.plans} plans{rest}"


def _invoice(invoice: "NextInvoice", currency: str) -> str:
    if invoice.on_hold:
        return f"on hold: {invoice.on_hold}"
    return f"{written(invoice.total, currency)} on {time(invoice.at)}" if invoice.at else "none"


def _value(field: str, value: object) -> str:
    if field.startswith("prices.") and isinstance(value, int):
        return written(value, field.split(".")[1])
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _about(version: "CatalogVersion") -> FactList | str:
    if not version.version:
        return "Nothing is sold yet; begin with `billflow catalog init`, then `billflow catalog apply`."
    facts = {"applied": time(version.applied_at), "by": version.applied_by, "why": version.reason}
    return FactList(f"Version {version.version} of the catalogue", facts)


def _tiers(catalog: "Catalog") -> Table:
    columns = {
        "Tier": lambda tier: tier.code,
        "Name~": lambda tier: f"{tier.name} (retired)" if tier.retired else tier.name,
        "Hosting": lambda tier: tier.hosting or "any",
        "Seats": lambda tier: tier.seat_rule.count,
        "Licenses": _licenses,
        "Trial": lambda tier: f"{tier.trial_days} days" if tier.trial_days else "",
        "Prices~": _prices,
        "Upgrades to~": lambda tier: ", ".join(tier.upgrades_to),
    }
    return Table("Tiers", columns, catalog.tiers.values())


def _licenses(tier: "Tier") -> str:
    return f"from {tier.minimum_licenses}" + (f" to {tier.maximum_licenses}" if tier.maximum_licenses else "")


def _prices(tier: "Tier") -> str:
    listed = [(schedule, written(price, code)) for code, row in tier.prices.items() for schedule, price in row.items()]
    return ", ".join(map(" ".join, listed)) or ("by offer only" if tier.billable else "none")
