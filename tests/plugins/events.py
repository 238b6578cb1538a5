"""Every event that a test lets happen is as its type is declared."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from jsonschema_rs import Draft202012Validator

from billflow.models.contracts.event_types import event_declarations
from billflow.store.audit.recorder import Recorder
from billflow.store.session.rows import as_json

_published = Recorder.publish
_wrong: list[str] = []


@cache
def _validator(event: str) -> Draft202012Validator:
    schema = event_declarations()[event].schema_of_data
    return Draft202012Validator({**schema, "additionalProperties": False})


def _checked(
    self: Recorder,
    event: str,
    data: Mapping[str, Any],
    *,
    customer_id: UUID | None = None,
    plan_id: UUID | None = None,
    invoice_id: UUID | None = None,
) -> None:
    ids = {"customer_id": customer_id, "plan_id": plan_id, "invoice_id": invoice_id}
    if event in event_declarations():
        told = as_json({**ids, **data})
        _wrong.extend(f"{event}: {error.message}" for error in _validator(event).iter_errors(told))
    _published(self, event, data, **ids)


Recorder.publish = _checked  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _events_are_as_declared() -> Iterator[None]:
    """Fail a test in which an event was not as `events.toml` declares it."""
    yield
    found = sorted(set(_wrong))
    _wrong.clear()
    assert not found
