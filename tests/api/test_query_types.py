"""FastAPI asks once whether a type of a query's field is a list."""

from collections.abc import Sequence
from typing import Any

import pytest
from fastapi.dependencies import utils

from billflow.api import query_types

FASTAPI: Any = utils


def test_a_type_is_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def ask(annotation: object) -> bool:
        asked.append(annotation)
        return annotation == list[str]

    monkeypatch.setattr(FASTAPI, "field_annotation_is_sequence", ask)
    query_types.install()
    query_types.install()
    several, one = list[str], str | None
    answers = [FASTAPI.field_annotation_is_sequence(kind) for kind in (several, one, several, one)]

    assert answers == [True, False, True, False]
    assert asked == [several, one]


def test_fastapi_still_asks_a_function_of_that_name() -> None:
    """Where this fails the replacement does nothing any more: see decision 0379."""
    assert FASTAPI.field_annotation_is_sequence(Sequence[str])
    assert not FASTAPI.field_annotation_is_sequence(str | None)
