"""Whatever pydantic finds wrong is said in our own words: the field, what it must be, and the way out."""

from typing import Annotated, Any, get_args

import pytest
from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core.core_schema import ErrorType

from billflow.domain.errors import InvalidInput, NotEnoughLicenses
from billflow.models.contracts.validation import field_refusal, without_consequences
from tests.pydantic_words import KNOWN, said_by_pydantic


def item(kind: str) -> dict[str, Any]:
    """Return an error as pydantic reports it."""
    known = KNOWN[kind]
    return {
        "type": kind,
        "loc": ("plan", "tier"),
        "msg": known["example_message_python"],
        "ctx": known.get("example_context"),
    }


def test_an_error_of_any_type_is_a_sentence_of_ours_that_names_the_field() -> None:
    for kind in KNOWN:
        refusal = field_refusal(item(kind), "plan.tier")

        assert isinstance(refusal, InvalidInput), kind
        assert refusal.message.startswith("plan.tier "), kind
        assert refusal.message.endswith("."), kind
        assert refusal.field == "plan.tier", kind
        assert refusal.code not in get_args(ErrorType) or refusal.code == "too_short", kind
        assert said_by_pydantic(refusal.message) == [], kind


def test_a_list_with_a_wrong_entry_is_not_called_too_short_beside() -> None:
    entries = TypeAdapter(dict[str, Annotated[tuple[int, ...], Field(min_length=2)]])

    with pytest.raises(ValidationError) as wrong:
        entries.validate_python({"one": ["many", 2], "none": []})

    found = without_consequences(wrong.value.errors())
    assert [(one["type"], one["loc"]) for one in found] == [("int_parsing", ("one", 0)), ("too_short", ("none",))]


def test_what_our_own_check_said_stays_as_it_is() -> None:
    own = NotEnoughLicenses(5)

    assert field_refusal({"type": "value_error", "loc": (), "ctx": {"error": own}}, "licenses") is own


def test_the_words_of_pydantic_are_recognized() -> None:
    assert all(said_by_pydantic(known["example_message_python"]) for known in KNOWN.values())
    assert said_by_pydantic("licenses must be at least 1.") == []
