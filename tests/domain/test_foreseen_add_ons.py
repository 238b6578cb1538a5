"""Previews and forecasts know what a plan has beside its licenses."""

from billflow.domain.preview import forecast, newest_entries, preview
from tests.domain.test_add_ons import NEXT, SECOND_HALF, a_life, holds


def test_preview_and_forecast_say_what_then_happens() -> None:
    life = a_life()
    _, changed = newest_entries(preview(life.facts, holds(2), SECOND_HALF))
    assert {code: (one.licenses, one.price) for code, one in changed.items()} == {"storage": (2, 500)}

    life.command(holds(2), SECOND_HALF)
    coming = forecast(life.facts, 2).invoices
    life.backfill(NEXT)
    assert [invoice.lines for invoice in coming] == [invoice.lines for invoice in life.invoices[1:]]
