"""`billflow catalog`: what is sold, from a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli.lookup import change_here, org_of
from billflow.cli.output import FactList, Output, Table, time
from billflow.cli.output import amount as written
from billflow.cli.params import AsJson, Reason, example
from billflow.cli.session import CommandGroup, Store
from billflow.domain.errors import InvalidInput

if TYPE_CHECKING:
    from billflow.domain.catalog import Catalog, Tier
    from billflow.models.contracts.catalog import CatalogDocument, CatalogVersion

app = CommandGroup()

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
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(example_text(which))
    except FileExistsError:
        raise InvalidInput(f"{file} is there already; name another file, or remove it.", field="file") from None
    except OSError as error:
        raise InvalidInput(f"{file} can't be written: {error.strerror}.", field="file") from None
    Output({"file": file}, f"Wrote {file}; change it, then: billflow catalog apply {file}").show(as_json=False)


@app.command("check", epilog=example("catalog check catalog.toml"))
def check(file: File, *, as_json: AsJson = False) -> None:
    """Say whether a catalogue is right; that needs no database, so what plans need is left to `diff` and `apply`."""
    catalog = _read(file).checked()
    sentence = f"{file} is right: {', '.join(catalog.tiers) or 'it sells nothing'}."
    Output({"tiers": list(catalog.tiers)}, sentence).show(as_json=as_json)


@app.on_database("catalog apply catalog.toml --reason 'a tier for large teams'")
async def apply(store: Store, file: File, *, reason: Reason = None) -> Output:
    """Sell from FILE from now on; plans that run keep their price. What is not right changes nothing."""
    document = _read(file)
    version = await store.repositories.catalogs.apply(await org_of(store), document, change_here(reason))
    return Output(version, f"Version {version.version} is what is sold.")


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
        "Why": lambda one: one.reason or "",
    }
    return Output({"versions": found}, Table("Versions of the catalogue", columns, found))


def _read(file: Path) -> "CatalogDocument":
    from billflow.models.contracts.catalog import read_document

    return read_document(file)


def _about(version: "CatalogVersion") -> FactList | str:
    if not version.version:
        return "Nothing is sold yet; begin with `billflow catalog init`, then `billflow catalog apply`."
    facts = {"applied": time(version.applied_at), "by": version.applied_by, "why": version.reason}
    return FactList(f"Version {version.version} of the catalogue", facts)


def _tiers(catalog: "Catalog") -> Table:
    columns = {
        "Tier": lambda tier: tier.code,
        "Name": lambda tier: f"{tier.name} (retired)" if tier.retired else tier.name,
        "Hosting": lambda tier: tier.hosting or "any",
        "Seats": lambda tier: tier.seat_rule.count,
        "Licenses": _licenses,
        "Trial": lambda tier: f"{tier.trial_days} days" if tier.trial_days else "",
        "Prices": _prices,
        "Upgrades to": lambda tier: ", ".join(tier.upgrades_to),
    }
    return Table("Tiers", columns, catalog.tiers.values())


def _licenses(tier: "Tier") -> str:
    return f"from {tier.minimum_licenses}" + (f" to {tier.maximum_licenses}" if tier.maximum_licenses else "")


def _prices(tier: "Tier") -> str:
    listed = [(schedule, written(price, code)) for code, row in tier.prices.items() for schedule, price in row.items()]
    return ", ".join(map(" ".join, listed)) or ("by offer only" if tier.billable else "none")
