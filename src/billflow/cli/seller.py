"""`billflow seller`: who sells, from a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli.lookup import change_here, org_of
from billflow.cli.output import FactList, Output, time
from billflow.cli.params import AsJson, Reason, example, write_example
from billflow.cli.session import CommandGroup, Store
from billflow.domain.errors import InvalidInput

if TYPE_CHECKING:
    from billflow.models.contracts.documents import Logo
    from billflow.models.contracts.seller import SellerFile, SellerResponse

app = CommandGroup()

File = Annotated[Path, typer.Argument(metavar="FILE", help="A seller in TOML, or in JSON where it ends in .json.")]


@app.command("init", epilog=example("seller init", "seller init ours.toml"))
def init(file: Annotated[Path, typer.Argument(metavar="FILE", help="What to write.")] = Path("seller.toml")) -> None:
    """Write an example of a seller, with comments, to change to your own; what is there already stays."""
    from billflow.models.contracts.seller import example_text

    write_example(file, example_text())
    Output({"file": file}, f"Wrote {file}; change it, then: billflow seller apply {file}").show(as_json=False)


@app.command("check", epilog=example("seller check seller.toml"))
def check(file: File, *, as_json: AsJson = False) -> None:
    """Say whether a seller is right, its logo included; that needs no database."""
    seller, logo = _read(file)
    sentence = f"{file} is right: {seller.legal_name}{', with a logo' if logo else ''}."
    Output({"legal_name": seller.legal_name}, sentence).show(as_json=as_json)


@app.on_database("seller apply seller.toml --reason 'we moved'")
async def apply(store: Store, file: File, *, reason: Reason = None) -> Output:
    """Issue invoices by FILE from now on; those that are issued stay as they are.

    What is not right changes nothing. A logo that FILE does not name stays.
    """
    seller, logo = _read(file)
    sellers = store.repositories.sellers
    applied = await sellers.apply(await org_of(store), seller, change_here(reason), logo)
    return Output(applied, f"Version {applied.version} is who sells.")


@app.on_database("seller remove-logo", name="remove-logo")
async def remove_logo(store: Store, *, reason: Reason = None) -> Output:
    """Print no logo on invoices that are issued from now on."""
    applied = await store.repositories.sellers.set_logo(await org_of(store), None, change_here(reason))
    return Output(applied, f"Version {applied.version} is who sells, without a logo.")


@app.on_database("seller show", "seller show --json")
async def show(store: Store) -> Output:
    """Show who sells, and how far the series of invoice numbers are."""
    found = await store.repositories.sellers.get(await org_of(store))
    return Output(found, _about(found))


def _read(file: Path) -> "tuple[SellerFile, Logo | None]":
    from billflow.models.contracts.seller import SELLER_FILE

    seller = SELLER_FILE.read(file)
    return seller, _logo(file.parent / seller.logo) if seller.logo else None


def _logo(file: Path) -> "Logo":
    from billflow.documents.logo import checked_logo
    from billflow.models.contracts.documents import MOST_LOGO_BYTES

    try:
        with file.open("rb") as opened:
            return checked_logo(opened.read(MOST_LOGO_BYTES + 1))
    except OSError as error:
        raise InvalidInput(f"logo {file} can't be read: {error.strerror}.", field="logo") from None


def _about(found: "SellerResponse") -> FactList | str:
    if found.address is None:
        return "Nobody sells yet; begin with `billflow seller init`, then `billflow seller apply`."
    terms, place = found.payment_terms, found.address
    facts = {
        "name": found.legal_name,
        "address": ", ".join(filter(None, (place.street, place.postal_code, place.city, place.country))),
        "VAT number": found.vat_number,
        "registration": found.registration_number,
        "e-mail": found.email,
        "bank account": found.bank.iban if found.bank else None,
        "logo": found.logo,
        "invoices due": f"after {terms.days_until_due} days, purchases after {terms.purchase_days_until_due}",
        "numbers": found.numbering.prefix if found.numbering else "Stripe's",
        "last numbers": ", ".join(series.last for series in found.series) or None,
        "e-invoices": "yes" if found.e_invoice else None,
        "language": found.default_language,
        "currency": found.default_currency,
        "applied": time(found.applied_at),
        "by": found.applied_by,
        "why": found.reason,
    }
    return FactList(f"Version {found.version} of the seller", facts)
