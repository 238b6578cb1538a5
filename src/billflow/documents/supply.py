"""When what an invoice bills is supplied."""

from datetime import date

from billflow.domain.calendar import MICROSECOND, Period
from billflow.models.contracts.records import InvoiceDetail


def supply_period(invoice: InvoiceDetail) -> Period:
    """Return the time that the lines of an invoice are for; without length the moment it is dated."""
    spans = [line.derivation.period for line in invoice.lines if line.derivation.period.microseconds]
    if not spans:
        return Period(invoice.issued_at, invoice.issued_at)
    return Period(min(span.start for span in spans), max(span.end for span in spans))


def days_of(period: Period) -> tuple[date, date]:
    """Return the first day of a period and that of its last moment, both in UTC."""
    return period.start.date(), max(period.start, period.end - MICROSECOND).date()
