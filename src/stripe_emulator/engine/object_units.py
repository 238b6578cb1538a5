"""Change objects outside of the API: for pages, where customers act, and for the control plane."""

from collections.abc import Iterator
from contextlib import contextmanager

from stripe_emulator.engine.services import Services
from stripe_emulator.engine.unit import Origin, Unit
from stripe_emulator.errors import NOT_FOUND, StripeError


def account_of_object(services: Services, identifier: str) -> str:
    """Return the account that an object belongs to; raises StripeError 404 for an unknown id."""
    row = services.db.execute("SELECT account FROM objects WHERE id = ?", (identifier,)).fetchone()
    if row is None:
        raise StripeError(f"There is no object {identifier}.", status=NOT_FOUND, code="resource_missing")
    account: str = row[0]
    return account


@contextmanager
def unit_of_object(services: Services, identifier: str) -> Iterator[Unit]:
    """Open a transaction on the account that holds the object; a refused card is recorded and raised again."""
    unit = Unit(services, account_of_object(services, identifier), Origin())
    refused: StripeError | None = None
    with services.db.transaction():
        try:
            yield unit
        except StripeError as error:
            if not error.keep_changes:
                raise
            refused = error
        unit.flush()
    if refused is not None:
        raise refused
