"""What the nightly deletion by age needs of the rows."""

from collections.abc import Callable
from typing import Protocol


class RetentionRepository(Protocol):
    """What is deleted by its age."""

    async def prune_all(self, went_on: Callable[[], object] = ...) -> dict[str, int]:
        """Delete what is older than its period, in every organization; return how many rows of each kind.

        Each part is one transaction, after which *went_on* is called; run again it goes on where it was stopped.
        """
