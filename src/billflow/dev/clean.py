"""What `make clean` removes beside the checkout: the copies of PostgreSQL's programs that root's starts left."""

import contextlib
import sys

from billflow.dev.errors import PartUnavailable
from billflow.dev.programs import CACHES, remove_copies


def main() -> int:
    """Remove them, and return the exit code: 1 where they are another user's."""
    try:
        with contextlib.suppress(PartUnavailable):
            remove_copies()
    except PermissionError:
        folders = " or ".join(map(str, CACHES))
        print(f"Root copied programs to {folders}; run: sudo make clean", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
