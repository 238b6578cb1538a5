"""What a JSON value may not hold, so that a database can keep it."""

import math
from collections.abc import Iterator

from billflow.domain.errors import InvalidInput

DEPTH = 50
"""How many levels of a JSON value are taken."""


def check_storable(value: object, field: str = "") -> None:
    """Raise `InvalidInput` where a JSON value can't be stored.

    That is one nested too deep, a text with NUL or a lone surrogate, or a number that no double holds, such as 1e999.
    """
    if _is_all_storable(value):
        return
    waiting = [(field, value, 0)]
    while waiting:
        path, item, depth = waiting.pop()
        if depth > DEPTH:
            field = path.split(".")[0]
            message = f"{field or 'The body'} is nested deeper than {DEPTH} levels; nest it less."
            raise InvalidInput(message, code="too_deep", field=field)
        if isinstance(item, str) and not _is_storable(item):
            message = f"{path or 'The body'} holds NUL or a lone surrogate, which can't be stored; leave it out."
            raise InvalidInput(message, code="bad_text", field=path or "body")
        if isinstance(item, float) and not math.isfinite(item):
            message = f"{path or 'The body'} is a number over 1.8e308, which can't be stored; send a smaller one."
            raise InvalidInput(message, code="number_too_large", field=path or "body")
        waiting += [(f"{path}.{key}" if path else key, held, depth + 1) for key, held in _children(item)]


def _is_all_storable(value: object) -> bool:
    """Tell whether nothing in a value is wrong, without the paths that name what is."""
    level, texts = [value], set[str]()
    for _ in range(DEPTH + 1):
        below: list[object] = []
        for item in level:
            if isinstance(item, str):
                texts.add(item)
            elif isinstance(item, dict):
                texts.update(item)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            elif isinstance(item, float) and not math.isfinite(item):
                return False
        if not (level := below):
            return _is_storable(" ".join(texts))
    return False


def _children(item: object) -> Iterator[tuple[str, object]]:
    if isinstance(item, dict):
        yield from ((key if _is_storable(key) else "body", key) for key in item)
        yield from item.items()
    elif isinstance(item, list):
        yield from ((str(index), held) for index, held in enumerate(item))


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
