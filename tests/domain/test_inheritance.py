"""Settings are merged and inherited: what a later level says wins, and everything else comes from where it was said."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.errors import NotFound
from billflow.domain.inheritance import Level, effective, merged, resolved, without

LEAVES = st.none() | st.booleans() | st.integers(0, 3) | st.lists(st.integers(0, 2), max_size=2)
KEYS = st.sampled_from("abc")
OBJECTS = st.recursive(
    st.dictionaries(KEYS, LEAVES, max_size=3),
    lambda inner: st.dictionaries(KEYS, LEAVES | inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("settings", "change", "result"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a": {"b": 3, "c": 2}}),
        ({"a": {"b": 1}}, {"a": None}, {}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": {"b": 1}}, {"a": [1]}, {"a": [1]}),
        ({"a": 1}, {"a": {"b": {"c": None}}}, {"a": {"b": {}}}),
    ],
)
def test_objects_are_merged_null_takes_away_and_all_else_replaces(
    settings: dict[str, Any], change: dict[str, Any], result: dict[str, Any]
) -> None:
    assert merged(settings, change) == result


@given(OBJECTS, OBJECTS)
def test_merging_the_same_again_changes_nothing_and_leaves_no_null(
    first: dict[str, Any], change: dict[str, Any]
) -> None:
    settings = merged({}, first)
    once = merged(settings, change)

    assert merged(once, change) == once
    assert not _has_null(once)
    assert merged(settings, {}) == settings


@given(st.lists(OBJECTS, min_size=1, max_size=3))
def test_what_holds_is_what_its_level_says(objects: list[dict[str, Any]]) -> None:
    levels = [Level(f"level {n}", str(n), merged({}, one)) for n, one in enumerate(objects)]
    whole = effective(levels)

    for one in resolved(levels):
        assert _at(whole, one.path) == _at(one.level.settings, one.path) == one.value
        later = levels[levels.index(one.level) + 1 :]
        assert not any(_says(level.settings, one.path) for level in later)


@pytest.mark.parametrize(
    ("key", "left"),
    [
        ("a.b", {"a": {"c": 2}, "x.y": 3}),
        ("a", {"x.y": 3}),
        ("x.y", {"a": {"b": 1, "c": 2}}),
    ],
)
def test_one_setting_is_taken_away_by_its_path(key: str, left: dict[str, Any]) -> None:
    assert without({"a": {"b": 1, "c": 2}, "x.y": 3}, key) == left


@pytest.mark.parametrize("key", ["b", "a.d", "a.b.c", "", "a."])
def test_a_setting_that_is_not_there_is_not_found(key: str) -> None:
    with pytest.raises(NotFound):
        without({"a": {"b": 1, "c": 2}}, key)


def _has_null(value: object) -> bool:
    if isinstance(value, dict):
        return any(held is None or _has_null(held) for held in value.values())
    return False


def _at(settings: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        settings = settings[key]
    return settings


def _says(settings: Any, path: tuple[str, ...]) -> bool:
    for key in path:
        if not isinstance(settings, dict) or key not in settings:
            return False
        settings = settings[key]
    return not isinstance(settings, dict)
