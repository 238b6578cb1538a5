"""Settings that are merged, and inherited from customer to project to channel; JSON objects in, JSON objects out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from billflow.domain.errors import NotFound

Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Level:
    """The settings of one level: the customer's own, a project's or a channel's."""

    source: str
    source_id: str
    settings: Settings


@dataclass(frozen=True, slots=True)
class Resolved:
    """One setting as it holds, and the level it comes from; `path` are the keys that lead to it."""

    path: tuple[str, ...]
    value: Any
    level: Level


def merged(settings: Settings, change: Settings) -> dict[str, Any]:
    """Return *settings* with *change* laid over them: objects are merged, null takes a key away (RFC 7396)."""
    result = dict(settings)
    for key, value in change.items():
        known = result.pop(key, None)
        if isinstance(value, Mapping):
            result[key] = merged(known if isinstance(known, Mapping) else {}, value)
        elif value is not None:
            result[key] = value
    return result


def without(settings: Settings, key: str) -> dict[str, Any]:
    """Return *settings* without the one at the dotted path *key*; raises `NotFound` where there is none."""
    head, dot, rest = (key, "", "") if key in settings else key.partition(".")
    if head not in settings or (dot and not isinstance(settings[head], Mapping)):
        raise NotFound(f"There is no setting {key!r}.", field="key")
    others = {name: value for name, value in settings.items() if name != head}
    return {**others, head: without(settings[head], rest)} if dot else others


def effective(levels: Sequence[Level]) -> dict[str, Any]:
    """Return the settings that hold after *levels*, the most general first, as one object."""
    result: dict[str, Any] = {}
    for level in levels:
        result = merged(result, level.settings)
    return result


def resolved(levels: Sequence[Level]) -> list[Resolved]:
    """Return every setting that holds after *levels*, and the last level that gave it."""
    found = []
    for path, value in _leaves(effective(levels)):
        giving = next(level for level in reversed(levels) if _gives(level.settings, path))
        found.append(Resolved(path, value, giving))
    return found


def _leaves(settings: Settings, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value


def _gives(settings: Settings, path: tuple[str, ...]) -> bool:
    """Tell whether there is a value, and no object, at *path*."""
    value: Any = settings
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return False
        value = value[key]
    return not isinstance(value, Mapping)
