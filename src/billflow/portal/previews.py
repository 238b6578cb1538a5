"""What an action would come to, in the words of whoever is to confirm it."""

from dataclasses import dataclass
from typing import Any

from billflow.domain.catalog import Catalog
from billflow.domain.discounts import Preview
from billflow.domain.preview import invoices_of
from billflow.models.contracts.previews import PlanPreview, PreviewResponse
from billflow.models.contracts.records import PlanRecord
from billflow.portal.shown import ShownDraft, shown_draft
from billflow.portal.texts import Reader

_COMPARED = ("tier", "schedule", "licenses", "licenses_at_next_renewal", "next_invoice_date", "end_date", "status")


@dataclass(frozen=True)
class ShownPreview:
    """What an action would come to: what changes from what to what, and what is billed when."""

    changes: tuple[tuple[str, str, str], ...]
    follows: str | None
    invoices: tuple[ShownDraft, ...]
    credit: str | None
    before: ShownDraft | None
    after: ShownDraft | None


def shown_preview(found: Preview, plan: PlanRecord, reader: Reader, catalog: Catalog) -> ShownPreview:
    """Return a preview as its reader writes it."""
    shown, outcome, comparison = PreviewResponse.of_preview(found), found.outcome, found.comparison
    before, after = comparison.next_invoice_before, comparison.next_invoice_after
    successor = shown.successor
    follows = _follows(successor, reader, catalog) if successor else None
    return ShownPreview(
        changes=_changes(plan, successor or shown.plan, reader, catalog),
        follows=follows,
        invoices=tuple(shown_draft(draft, reader) for draft in invoices_of(outcome)),
        credit=reader.content.amount(outcome.credit, plan.currency) if outcome.credit else None,
        before=shown_draft(before, reader) if before else None,
        after=shown_draft(after, reader) if after else None,
    )


def _follows(successor: PlanPreview, reader: Reader, catalog: Catalog) -> str:
    schedule = reader.texts["schedules"][successor.schedule]
    return reader.say("follows", tier=catalog.tier(successor.tier).name, schedule=schedule)


def _changes(
    plan: PlanRecord, then: PlanPreview | None, reader: Reader, catalog: Catalog
) -> tuple[tuple[str, str, str], ...]:
    """Return what would read otherwise: its name, now and then, in the reader's words."""
    if then is None:
        return ()
    pairs = [(name, getattr(plan, name), getattr(then, name)) for name in _COMPARED]
    written = [
        (reader.texts[name], _written(name, now, plan, reader, catalog), _written(name, later, then, reader, catalog))
        for name, now, later in pairs
        if later is not None and now != later
    ]
    return tuple(one for one in written if one[1] != one[2])


def _written(name: str, value: Any, of: PlanRecord | PlanPreview, reader: Reader, catalog: Catalog) -> str:
    if value is None:
        return "–"
    match name:
        case "tier":
            return catalog.tier(value).name
        case "schedule":
            return str(reader.texts["schedules"][value])
        case "status":
            moment = of.end_date or of.next_invoice_date
            text = str(reader.texts["plan_statuses"][value])
            return text.format(date=reader.content.day(moment) if moment else "–")
        case "next_invoice_date" | "end_date":
            return reader.content.day(value)
        case _:
            return reader.content.number(value)
