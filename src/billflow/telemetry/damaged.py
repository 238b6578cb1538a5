"""What can't be decrypted any more is counted, since it is shown as damaged and hides nothing else."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Counter


@cache
def damaged_values() -> "Counter":
    """Return the counter of this process; the API shows it, in no registry of its own."""
    from prometheus_client import Counter

    return Counter("billflow_damaged_values", "Values read that can't be decrypted.", registry=None)
