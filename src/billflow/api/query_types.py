"""What FastAPI asks of the types of a query's fields in each request, answered once for each type.

A list of invoices has seventeen fields, and whether each may come several times was a fifth of its processor time
(decision 0379).
"""

from collections.abc import Callable

from fastapi.dependencies import utils

_NAME = "field_annotation_is_sequence"

_known: dict[int, tuple[object, bool]] = {}


def install() -> None:
    """Let FastAPI ask once; an FastAPI that asks something else is left as it is."""
    ask = getattr(utils, _NAME, None)
    if ask is not None and ask.__module__ != __name__:
        setattr(utils, _NAME, _asked_once(ask))


def _asked_once(ask: Callable[[object], bool]) -> Callable[[object], bool]:
    def is_sequence(annotation: object) -> bool:
        # By identity: a type with constraints can't be hashed, and those of our models stay as long as we do.
        found = _known.get(id(annotation))
        if found is None:
            found = _known[id(annotation)] = annotation, ask(annotation)
        return found[1]

    return is_sequence
