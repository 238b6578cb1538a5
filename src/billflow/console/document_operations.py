"""What is sold and how it is taxed, as texts: edited or uploaded, checked, compared, and applied once."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import tomlkit
from fastapi import APIRouter, Response

from billflow.api.changes import change_by
from billflow.console.actions import UNTOUCHED, Action, Preview, Shown, preview_of, reason_in
from billflow.console.operations import claim_of, once, to
from billflow.console.pages import BASE, counted
from billflow.console.security import ConsoleRoute, FormHere
from billflow.console.toml_lines import line_of
from billflow.console.visits import AdminVisit, Visit
from billflow.domain.errors import BillingError, NotFound
from billflow.errors import PreconditionFailed
from billflow.models.contracts import catalog, tax_rates
from billflow.models.contracts.catalog import CATALOG_FILE, CatalogDocument
from billflow.models.contracts.catalog_changes import PlanEffect
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.tax_rates import TAX_FILE, TaxDocument
from billflow.pages.confirmations import SEEN, WHY, given_key, new_key
from billflow.pages.forms import file_text

router = APIRouter(route_class=ConsoleRoute, prefix="/operate/documents")

Document = Any
Held = tuple[int, Mapping[str, Any]]


@dataclass(frozen=True)
class DocumentKind:
    """One thing that is set by a text in TOML: its newest version, what a text would change, and applying it.

    Below *address* it is in the API. *example* is what there is to begin with.
    """

    title: str
    description: str
    address: str
    example: Callable[[], str]
    held: Callable[[Visit], Awaitable[Held]]
    read: Callable[[str], Document]
    preview: Callable[[Visit, Document], Awaitable[Preview]]
    apply: Callable[[Visit, Document, ChangeContext], Awaitable[object]]


async def _sold(visit: Visit) -> Held:
    version, document = await visit.services.repositories.catalogs.version(visit.org_id)
    return version.version, document.content()


async def _preview_catalog(visit: Visit, document: CatalogDocument) -> Preview:
    found = await visit.services.catalog.diff(visit.org_id, document)
    terms = [(f"{one.tier or one.add_on}: {one.field}", one.before, one.after) for one in found.changes]
    keep = "Plans that run keep their price; what is bought from now on has this one."
    return _compared(terms, keep, (found.plans, found.examined), found.touched)


async def _apply_catalog(visit: Visit, document: CatalogDocument, change: ChangeContext) -> object:
    return await visit.services.repositories.catalogs.apply(visit.org_id, document, change)


async def _taxed(visit: Visit) -> Held:
    taxes = visit.services.repositories.taxes
    version = (await taxes.get(visit.org_id, change_by(visit.principal).at)).version
    return version, (await taxes.document(visit.org_id)).content()


async def _preview_tax(visit: Visit, document: TaxDocument) -> Preview:
    found = await visit.services.taxes.diff(visit.org_id, document)
    terms = [(one.field, one.before, one.after) for one in found.changes]
    since = f"that are dated from {document.starts_on} on" if document.starts_on else "that are made from now on"
    return _compared(terms, f"Invoices {since} are taxed so.", (found.plans, found.examined), found.touched)


async def _apply_tax(visit: Visit, document: TaxDocument, change: ChangeContext) -> object:
    return await visit.services.repositories.taxes.apply(visit.org_id, document, change)


def _compared(
    terms: Sequence[tuple[str, Any, Any]], effect: str, plans: tuple[int, int], touched: Sequence[PlanEffect]
) -> Preview:
    if not terms:
        return preview_of(["Nothing changes."])
    running, examined = plans
    concerned = f"It may concern {counted(running, 'plan')} that run"
    looked = f", of which {examined:,} were looked at" if examined < running else ""
    others = f"{counted(len(touched), 'plan')} would get another next invoice" if touched else "no next invoice changes"
    return preview_of([effect, f"{concerned}{looked}: {others}."], terms=terms, touched=touched)


DOCUMENTS: Mapping[str, DocumentKind] = {
    "catalog": DocumentKind(
        "Change the catalogue",
        "What is sold: a table for each tier and each add-on. Prices are in minor units.",
        "/api/v1/catalog",
        lambda: catalog.example_text(catalog.PER_SEAT),
        _sold,
        CATALOG_FILE.from_toml,
        _preview_catalog,
        _apply_catalog,
    ),
    "tax": DocumentKind(
        "Change the tax",
        "How invoices are taxed, from which day on, and at which rates.",
        "/api/v1/tax",
        tax_rates.example_text,
        _taxed,
        TAX_FILE.from_toml,
        _preview_tax,
        _apply_tax,
    ),
}
"""What is set by a text, by its name in addresses."""


@dataclass(frozen=True)
class DocumentForm:
    """One of `DOCUMENTS` by its name, as somebody is at it."""

    visit: Visit
    name: str
    kind: DocumentKind

    @property
    def action(self) -> Action:
        """Return it as it is titled."""
        address = f"{BASE}/operate/documents/{self.name}"
        return Action(self.kind.title, self.kind.description, address, "Catalogue and terms", f"{BASE}/operate/terms")

    async def show(self) -> Response:
        """Show the newest version as a text."""
        version, content = await self.kind.held(self.visit)
        return self.page(tomlkit.dumps(content) if version else self.kind.example(), version)

    async def check(self, sent: Mapping[str, str]) -> Response:
        """Show what a text would change, or what is wrong with it."""
        text, (version, _) = sent.get("text", ""), await self.kind.held(self.visit)
        try:
            self._check_seen(sent, version)
            preview = await self.kind.preview(self.visit, self._read(text))
        except BillingError as error:
            return self.page(text, version, Shown(problem=self._placed(error, text)))
        return self.page(text, version, Shown(preview))

    async def apply(self, sent: Mapping[str, str]) -> Response:
        """Apply a text, once for each form however often that is sent."""
        text = sent.get("text", "")
        try:
            claim, reason, document = claim_of(self.name, "", sent), reason_in(sent), self._read(text)
            return await once(self.visit, claim, self.action.back, lambda: self._applied(sent, document, reason))
        except BillingError as error:
            is_told = isinstance(error, PreconditionFailed)
            seen = (await self.kind.held(self.visit))[0] if is_told else sent.get(SEEN, "")
            shown = Shown(problem=self._placed(error, text), reason=sent.get(WHY, ""))
            return self.page(text, seen, shown)

    async def _applied(self, sent: Mapping[str, str], document: Document, reason: str) -> Response:
        services = self.visit.services
        alone = services.repositories.idempotency.exclusive(self.visit.org_id, self.kind.address)
        async with services.guarding, alone:
            self._check_seen(sent, (await self.kind.held(self.visit))[0])
            await self.kind.apply(self.visit, document, change_by(self.visit.principal, reason))
        return to("/terms")

    def page(self, text: str, seen: int | str, shown: Shown = UNTOUCHED) -> Response:
        """Return the page with a text, which was read of version *seen*."""
        shown = replace(shown, hidden={SEEN: str(seen)})
        return self.visit.page(
            "document.html",
            status=shown.status,
            action=self.action,
            text=text,
            shown=shown,
            key=given_key(self.visit.request) or new_key(),
            next_key=new_key(),
        )

    def _read(self, text: str) -> Document:
        return self.kind.read(text.replace("\r\n", "\n"))

    def _placed(self, error: BillingError, text: str) -> BillingError:
        """Return a refusal with the line that it is about, where it tells of a place in the text."""
        line = line_of(text, error.field or "")
        return type(error)(f"Line {line}: {error.message}", code=error.code, field=error.field) if line else error

    def _check_seen(self, sent: Mapping[str, str], version: int) -> None:
        if sent.get(SEEN, "") != str(version):
            raise PreconditionFailed(
                f"Somebody else has applied version {version} since you opened this. Your text is still here; see "
                "under Catalogue and terms what is new, put it into your text, and check that again."
            )


def _form(visit: Visit, name: str) -> DocumentForm:
    if name not in DOCUMENTS:
        raise NotFound("There is no such text; the page of catalogue and terms shows those that there are.")
    return DocumentForm(visit, name, DOCUMENTS[name])


@router.get("/{document}")
async def show_document(visit: AdminVisit, document: str) -> Response:
    """Show what holds as a text to be changed."""
    return await _form(visit, document).show()


@router.post("/{document}/check")
async def check_document(visit: AdminVisit, document: str, sent: FormHere) -> Response:
    """Say what a text, or a file in its place, would change; nothing is written."""
    uploaded = file_text(visit.request, "file")
    return await _form(visit, document).check({**sent, "text": uploaded} if uploaded else sent)


@router.post("/{document}")
async def apply_document(visit: AdminVisit, document: str, sent: FormHere) -> Response:
    """Apply a text."""
    return await _form(visit, document).apply(sent)
