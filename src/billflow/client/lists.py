"""Lists, whose parts follow each other until there are no more."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

Row_co = TypeVar("Row_co", covariant=True)


class ListPart(Protocol[Row_co]):
    """One part of a list: its rows, and where the next part begins."""

    @property
    def rows(self) -> Sequence[Row_co]:
        """Return the rows of this part."""

    @property
    def next(self) -> str | None:
        """Return where the next part begins, None at the end."""
