"""Every type of event is declared once, is published somewhere, and stands in the docs and in the API's document."""

import ast
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.adjustments import AdjustmentStatus
from billflow.models.contracts.customer_finances import SponsorshipStatus
from billflow.models.contracts.customers import OfferStatus
from billflow.models.contracts.endpoints import EndpointCreate
from billflow.models.contracts.event_types import checked_event_type, event_declarations
from scripts.events_doc import PAGE, page
from tests.interfaces import document
from tests.source import BILLFLOW, nodes

ONLY_AUDITED = {
    "customer.exported",
    "customer.onboarding_started",
    "invoice.taxed",
    "plan.command_refused",
    "notices.set",
    "plan.on_hold",
    "seat_source.removed",
    "seat_source.set",
    "webhook_endpoint.created",
    "webhook_endpoint.deleted",
    "webhook_endpoint.replayed",
    "webhook_endpoint.secret_rotated",
    "webhook_endpoint.updated",
}
"""What only the audit log says."""

OF_STATUSES = {
    *(f"offer.{status}" for status in OfferStatus if status is not OfferStatus.OPEN),
    *(f"customer.sponsorship_{status}" for status in SponsorshipStatus if status is not SponsorshipStatus.PENDING),
    *(
        f"invoice.{noun}_{status}"
        for noun in ("refund", "credit_note")
        for status in AdjustmentStatus
        if status is not AdjustmentStatus.REQUESTED
    ),
    *(
        f"{noun}.{verb}"
        for noun in ("billing_account", "channel", "contact", "project")
        for verb in ("created", "updated", "deleted")
    ),
}
"""Types whose names are put together."""


def written() -> Iterator[str]:
    """Yield every text in the domain and the store that looks like a type of event."""
    nouns = {name.partition(".")[0] for name in event_declarations()}
    for path, node in nodes(BILLFLOW):
        if (
            path.parts[-2:-1] != ("tables",)
            and {"domain", "store"} & set(path.parts)
            and isinstance(node, ast.Constant)
        ):
            text = str(node.value)
            noun, dot, verb = text.partition(".")
            if dot and noun in nouns and verb.replace("_", "").isalpha() and not verb.endswith("_"):
                yield text


def test_what_is_published_is_declared_and_what_is_declared_is_published() -> None:
    assert set(written()) - ONLY_AUDITED | OF_STATUSES == set(event_declarations())


def test_an_example_is_as_its_schema_says() -> None:
    for event in event_declarations().values():
        assert not [*Draft202012Validator(event.schema_of_data).iter_errors(event.example["data"])], event.type
        assert event.when.endswith("."), event.type
        assert set(event.optional) <= set(event.data), event.type


def test_the_page_says_what_is_declared() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python scripts/events_doc.py"


def test_the_apis_document_lists_every_type_with_its_schema_and_an_example() -> None:
    webhooks = document()["webhooks"]

    assert set(webhooks) == set(event_declarations())
    for name, described in webhooks.items():
        body = described["post"]["requestBody"]["content"]["application/json"]
        Draft202012Validator.check_schema(body["schema"])
        assert not [*Draft202012Validator(body["schema"]).iter_errors(body["example"])], name


def test_a_type_that_never_comes_is_refused_with_the_nearest_that_does() -> None:
    with pytest.raises(InvalidInput, match=r"There is no event of type 'invoice.payd'; did you mean 'invoice.paid'\?"):
        checked_event_type("invoice.payd")
    with pytest.raises(InvalidInput, match=r"'zzz'; docs/event-types.md lists them\."):
        checked_event_type("zzz")
    with pytest.raises(ValueError, match=r"invoice\.paid"):
        EndpointCreate(url="https://example.com", event_types=("invoice.payd",))
