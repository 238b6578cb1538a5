"""`billflow tax`: how what is billed is taxed, from a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli.catalog import EFFECTS
from billflow.cli.lookup import change_here, now, org_of
from billflow.cli.output import FactList, Output, Table, time
from billflow.cli.params import AsJson, Reason, example, write_example
from billflow.cli.session import CommandGroup, Store

if TYPE_CHECKING:
    from billflow.models.contracts.tax_rates import TaxDocument, TaxResponse

app = CommandGroup()

RATES = {
    "Country": lambda one: one.country,
    "Region": lambda one: one.region,
    "Name": lambda one: one.name,
    "Rate>": lambda one: f"{one.percent}%",
    "Prices": lambda one: one.exemption or ("contain it" if one.inclusive else "without it"),
    "Since": lambda one: one.since,
    "Until": lambda one: one.until,
}
VERSIONS = {
    "Version>": lambda one: one.version,
    "Mode": lambda one: one.mode,
    "For invoices": lambda one: f"from {one.starts_on} on" if one.starts_on else "all",
    "Holds": lambda one: "now" if one.holds else "",
    "Applied": lambda one: time(one.applied_at),
    "By": lambda one: one.applied_by,
    "Why": lambda one: one.reason or "",
}
CHANGES = {
    "Field": lambda one: one.field,
    "Before": lambda one: one.before,
    "After": lambda one: one.after,
}

File = Annotated[Path, typer.Argument(metavar="FILE", help="A tax file in TOML, or in JSON where it ends in .json.")]


@app.command("init", epilog=example("tax init", "tax init ours.toml"))
def init(file: Annotated[Path, typer.Argument(metavar="FILE", help="What to write.")] = Path("tax.toml")) -> None:
    """Write an example of a tax file, with comments, to change to your own; what is there already stays."""
    from billflow.models.contracts.tax_rates import example_text

    write_example(file, example_text())
    Output({"file": file}, f"Wrote {file}; change it, then: billflow tax apply {file}").show(as_json=False)


@app.command("check", epilog=example("tax check tax.toml"))
def check(file: File, *, as_json: AsJson = False) -> None:
    """Say whether a tax file is right; that needs no database, so whether it suits the seller is left to `apply`."""
    document = _read(file)
    sentence = f"{file} is right: {document.mode}, {len(document.rates)} rates."
    Output({"mode": document.mode, "rates": len(document.rates)}, sentence).show(as_json=as_json)


@app.on_database("tax diff tax.toml")
async def diff(store: Store, file: File) -> Output:
    """Show what FILE would change and for whom, with amounts; nothing is written."""
    found = await store.taxes.diff(await org_of(store), _read(file))
    rest = f", the first {found.examined} looked at" if found.examined < found.plans else ""
    return Output(
        found,
        Table(f"Changes: {len(found.changes)}", CHANGES, found.changes),
        Table(f"Next invoices that change: {len(found.touched)} of {found.plans} plans{rest}", EFFECTS, found.touched),
    )


@app.on_database("tax apply tax.toml --reason 'the rate of 2027'")
async def apply(store: Store, file: File, *, reason: Reason = None) -> Output:
    """Tax by FILE the invoices that are dated from its first day on; those that are made stay as they are.

    What is not right changes nothing.
    """
    applied = await store.repositories.taxes.apply(await org_of(store), _read(file), change_here(reason))
    since = f"from {applied.starts_on} on" if applied.starts_on else "from now on"
    return Output(applied, f"Version {applied.version} is how invoices are taxed {since}.")


@app.on_database("tax show", "tax show --json")
async def show(store: Store) -> Output:
    """Show how invoices are taxed by the newest version, and which version holds now."""
    found = await store.repositories.taxes.get(await org_of(store), now())
    if not found.version:
        return Output(found, "Nothing is taxed; begin with `billflow tax init`, then `billflow tax apply`.")
    return Output(found, _about(found), Table("Rates", RATES, found.rates), Table("Versions", VERSIONS, found.versions))


def _read(file: Path) -> "TaxDocument":
    from billflow.models.contracts.tax_rates import TAX_FILE

    return TAX_FILE.read(file)


def _about(found: "TaxResponse") -> FactList:
    facts = {
        "mode": found.mode,
        "for invoices": f"dated from {found.starts_on} on" if found.starts_on else "all that are made",
        "one-stop shop": "yes" if found.oss else "no",
        "reverse charge": "yes" if found.reverse_charge else "no",
    }
    return FactList(f"Version {found.version} of taxes", facts)
