"""Rows put together by customer: each with all of its own, or refused with the row that can't be taken."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from billflow.domain.errors import BillingError, InvalidInput
from billflow.imports.files import KINDS, FileRow
from billflow.models.contracts.base import Contract
from billflow.models.contracts.imports import CustomerImport, CustomerOpening
from billflow.models.contracts.storable import check_storable
from billflow.models.contracts.validation import field_refusal, without_consequences


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that can't be taken, and why."""

    row: FileRow
    code: str
    message: str
    field: str | None = None

    @classmethod
    def of(cls, row: FileRow, error: BillingError) -> "RefusedRow":
        """Return the refusal that an error is."""
        return cls(row, error.code, error.message, getattr(error, "field", None))


@dataclass(slots=True)
class Bundles:
    """Customers to import, where each of their rows came from, and the rows that can't be taken.

    `held_back` are the customers' external ids that have one, `left_out` their other rows, and `partial` those
    customers with what can be looked at of them all the same. `ignored` are rows that are no facts of an account, such
    as drafts.
    """

    customers: dict[str, CustomerImport] = field(default_factory=dict)
    partial: dict[str, CustomerImport] = field(default_factory=dict)
    sources: dict[tuple[str, str], FileRow] = field(default_factory=dict)
    refused: list[RefusedRow] = field(default_factory=list)
    held_back: set[str] = field(default_factory=set)
    left_out: list[FileRow] = field(default_factory=list)
    ignored: list[RefusedRow] = field(default_factory=list)


def bundle(rows: Iterable[FileRow], refused: Sequence[RefusedRow] = ()) -> Bundles:
    """Check each row by itself and against the others, and put together those of each customer."""
    made = Bundles(refused=list(refused))
    found = [(row, one) for row in rows if (one := _parsed(row, made)) is not None]
    known: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for row, one in found:
        _register(row, one, known, made)
    owners = {kind: {one.external_id: one.customer for one in known[kind].values()} for kind in ("plans", "invoices")}
    parts: dict[str, dict[str, list[Any]]] = {name: {kind: [] for kind in KINDS} for name in known["customers"]}
    unread = {(one.row.kind, one.row.values.get("external_id")) for one in made.refused if _is_text(one.row)}
    for row, one in found:
        owner = _owner(row, one, owners)
        if owner in parts:
            parts[owner][row.kind].append(one)
        elif _named(row, one) not in unread:
            made.refused.append(RefusedRow.of(row, _unknown(row, one)))
    made.held_back |= {owner for one in made.refused if (owner := _named_owner(one.row, owners)) is not None}
    wrong = [one.row for one in made.refused]
    made.left_out = [
        row for row in made.sources.values() if _named_owner(row, owners) in made.held_back and row not in wrong
    ]
    bundles = {name: _bundle(known["customers"][name], of) for name, of in parts.items()}
    made.customers = {name: one for name, one in bundles.items() if name not in made.held_back}
    made.partial = {name: _readable(one, wrong) for name, one in bundles.items() if name in made.held_back}
    return made


def _bundle(customer: CustomerOpening, of: Mapping[str, list[Any]]) -> CustomerImport:
    return CustomerImport(customer=customer, **{kind: tuple(of[kind]) for kind in KINDS if kind != "customers"})


def _readable(one: CustomerImport, wrong: Iterable[FileRow]) -> CustomerImport:
    """Return a customer without the plans whose ledger can't be read as a whole: what it lacks is no other fault."""
    broken = {row.values.get("plan") for row in wrong if row.kind == "ledger"}
    return one.model_copy(
        update={
            "plans": tuple(plan for plan in one.plans if plan.external_id not in broken),
            "ledger": tuple(entry for entry in one.ledger if entry.plan not in broken),
        }
    )


def parsed(row: FileRow) -> Any:
    """Return a row as what it is of; raises `BillingError`, with all that is wrong, for one that can't be read."""
    check_storable(row.values)
    try:
        return KINDS[row.kind].model_validate(row.values)
    except ValidationError as error:
        found = [_refusal(one) for one in without_consequences(error.errors())]
        why = " ".join(dict.fromkeys(one.message for one in found))
        raise InvalidInput(why, code=found[0].code, field=getattr(found[0], "field", None)) from None


def _refusal(found: Mapping[str, Any]) -> BillingError:
    return field_refusal(found, ".".join(str(part) for part in found["loc"]) or "row")


def _parsed(row: FileRow, made: Bundles) -> Any:
    try:
        return parsed(row)
    except BillingError as error:
        made.refused.append(RefusedRow.of(row, error))
        return None


def _register(row: FileRow, one: Contract, known: dict[str, dict[str, Any]], made: Bundles) -> None:
    external_id = getattr(one, "external_id", None)
    if external_id is None:
        return
    if external_id in known[row.kind]:
        made.refused.append(
            RefusedRow.of(row, InvalidInput(f"{external_id} is there twice; name each once.", code="external_id_twice"))
        )
        return
    known[row.kind][external_id] = one
    made.sources[row.kind, external_id] = row


_PART_OF = {"ledger": ("plans", "plan"), "invoice_lines": ("invoices", "invoice")}
"""Records that name no customer: which record they are part of, and the field that names it."""


def _owner(row: FileRow, one: Any, owners: Mapping[str, Mapping[str, str]]) -> str | None:
    if isinstance(one, CustomerOpening):
        return one.external_id
    if row.kind not in _PART_OF:
        return str(one.customer)
    kind, name = _PART_OF[row.kind]
    return owners[kind].get(getattr(one, name))


def _named(row: FileRow, one: Any) -> tuple[str, str]:
    """Return what a record is part of: of which kind, and its external id."""
    kind, name = _PART_OF.get(row.kind, ("customers", "customer"))
    return kind, getattr(one, name)


def _named_owner(row: FileRow, owners: Mapping[str, Mapping[str, str]]) -> str | None:
    """Return whose row it is, as far as a row that can't be read says so."""
    kind, name = _PART_OF.get(row.kind, ("", "external_id" if row.kind == "customers" else "customer"))
    named = row.values.get(name)
    if not isinstance(named, str):
        return None
    return owners[kind].get(named) if kind else named


def _is_text(row: FileRow) -> bool:
    return isinstance(row.values.get("external_id"), str)


def _unknown(row: FileRow, one: Any) -> InvalidInput:
    if row.kind == "ledger":
        return InvalidInput(
            f"There is no plan {one.plan!r} in this import; add its record.", code="unknown_plan", field="plan"
        )
    if row.kind == "invoice_lines":
        message = f"There is no invoice {one.invoice!r} in this import; add its record."
        return InvalidInput(message, code="unknown_invoice", field="invoice")
    return InvalidInput(
        f"There is no customer {one.customer!r} in this import; add its record.",
        code="unknown_customer",
        field="customer",
    )
