"""One field has one name: what the OpenAPI document calls ids, references, lists and previews."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any

from billflow.api.routers import BASE_PATH
from tests.api.operations import JSON, Operation, operations
from tests.interfaces import document, schemas

SUFFIXES = ("Response", "Record", "Summary", "Detail", "Progress", "Preview", "Account")
ELSEWHERE = {
    "audit_id": "an entry's of the audit log, in what is wrong with it",
    "adjustment_id": "a credit note's or a refund's, as `kind` says",
    "key_id": "a signing key's, which is a setting",
    "org_id": "the organization's whose key asks, as what is signed names it",
    "request_id": "a request's, from the header X-Request-Id",
    "subject_id": "whatever the audit entry is about",
    "source_id": "of the customer, project or channel that a setting comes from",
    "message_id": "an event's on its way to one endpoint",
    "tax_id": "a number, in settings that are the product's",
    "predecessor_id": "the plan that this one follows",
    "external_id": "the other billing system's",
    "stripe_balance_transaction_id": "Stripe's",
    "stripe_id": "Stripe's",
    "stripe_payment_method_id": "Stripe's",
    "stripe_customer_id": "Stripe's",
    "stripe_invoice_id": "Stripe's",
    "sent_invoice_id": "Stripe's",
    "erp_customer_number": "the seller's",
}
"""Fields that name nothing of ours, or whose noun another field says."""

QUALIFIED = re.compile(r"(awaiting|replaces|replaced_by)_")
"""What may stand before a noun where an object names two of them."""


@cache
def every_operation() -> tuple[Operation, ...]:
    """Return the operations of the document."""
    return tuple(operations(document()))


def nouns() -> set[str]:
    """Return what has an id of its own: what the parts of addresses name."""
    named = {name.removesuffix("_id") for operation in every_operation() for name in operation.names("path")}
    return named | {"refund", "credit_note", "line", "event", "seller_version"}


def fields() -> Iterator[tuple[str, str]]:
    """Yield every field of every schema, with the schema's name."""
    for name, schema in schemas().items():
        yield from ((name, field) for field in schema.get("properties", {}))


def noun_of(schema: str) -> str:
    """Return what a schema describes: of `CreatedOfferResponse` the offer."""
    bare = re.sub(rf"^Created|({'|'.join(SUFFIXES)})+$", "", schema)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", bare).lower()


def answer_of(operation: Operation) -> Mapping[str, Any]:
    """Return the schema of what an operation answers, an empty one where that is no object."""
    done = next(answer for status, answer in operation.described["responses"].items() if status.startswith("2"))
    schema = done.get("content", {}).get(JSON, {}).get("schema", {})
    found: Mapping[str, Any] = schemas().get(schema.get("$ref", "").rpartition("/")[2], {})
    return found


def test_an_object_calls_its_own_id_id() -> None:
    wrong = [(schema, field) for schema, field in fields() if field == f"{noun_of(schema)}_id"]

    assert wrong == []


def test_whatever_is_addressed_by_an_id_shows_it_as_id() -> None:
    shown = [one for one in every_operation() if one.method == "GET" and one.path.endswith("_id}")]

    assert len(shown) > 8
    assert [one.path for one in shown if "id" not in answer_of(one).get("properties", {})] == []


def test_a_reference_is_called_by_the_noun_that_it_names() -> None:
    named = {(schema, field) for schema, field in fields() if field.endswith("_id")} - {
        (schema, field) for schema, field in fields() if field in ELSEWHERE
    }
    known = nouns()
    wrong = sorted(
        (schema, field) for schema, field in named if QUALIFIED.sub("", field).removesuffix("_id") not in known
    )

    assert wrong == []


def test_a_part_of_an_address_is_named_by_the_noun_before_it() -> None:
    wrong = [
        (operation.path, before, part)
        for operation in every_operation()
        for before, part in pairwise(operation.path.removeprefix(BASE_PATH).split("/"))
        if part.startswith("{") and part.endswith("_id}")
        if not before.replace("-", "_").endswith((f"{part[1:-4]}s", f"{part[1:-4]}es"))
    ]

    assert wrong == []


def test_a_list_answers_its_rows_under_their_noun_with_total_and_next() -> None:
    lists = [one for one in every_operation() if "after" in one.names("query")]
    shown = {one.path: set(answer_of(one)["properties"]) for one in lists}

    assert len(lists) > 20
    assert [path for path, names in shown.items() if path.rpartition("/")[2].replace("-", "_") not in names] == []
    assert [path for path, names in shown.items() if not {"total", "next"} <= names] == []
    assert [one.path for one in lists if not {"limit", "offset", "after"} <= set(one.names("query"))] == []


def test_an_answer_with_rows_and_nothing_else_is_such_a_list() -> None:
    wrong = []
    for operation in every_operation():
        properties = answer_of(operation).get("properties", {})
        arrays = [name for name, schema in properties.items() if schema.get("type") == "array"]
        if operation.method == "GET" and arrays and len(arrays) == len(properties):
            wrong.append(operation.path)

    assert wrong == []


PREVIEWED = {"/plans/{plan_id}/preview": "/plans/{plan_id}/commands"}


def test_a_preview_takes_what_it_previews_takes() -> None:
    acts = {one.path: one for one in every_operation() if one.method in ("POST", "PUT")}
    previews = [one for one in every_operation() if one.path.endswith("/preview")]

    assert len(previews) > 3
    for preview in previews:
        path = preview.path.removeprefix(BASE_PATH)
        act = acts[f"{BASE_PATH}{PREVIEWED.get(path, path.removesuffix('/preview'))}"]
        assert body_of(preview) == body_of(act), path


def test_a_preview_of_a_command_answers_under_the_names_of_the_commands_answer() -> None:
    found = schemas()
    foreseen, taken = found["PreviewResponse"]["properties"], found["CommandResponse"]["properties"]

    assert set(foreseen) - set(taken) == {"credit", "currency", "price", "add_ons"}
    assert set(found["PlanPreview"]["properties"]) <= set(found["PlanResponse"]["properties"])
    assert set(found["InvoicePreview"]["properties"]) <= set(found["InvoiceDetailResponse"]["properties"])


def body_of(operation: Operation) -> Any:
    """Return the schema of a body, null and titles aside."""
    schema = operation.described["requestBody"]["content"][JSON]["schema"]
    given = [part for part in schema.get("anyOf", [schema]) if part.get("type") != "null"]
    return [{name: value for name, value in part.items() if name != "title"} for part in given]
