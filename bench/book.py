"""A whole book at midnight: `python bench/book.py [--plans N] [--organizations N] [--per-second N] [--json]`.

Organizations of unequal size, the n-th with an n-th of the first one's plans, all due at one instant, while Stripe
takes so many invoices a second: the queue is told, and the emulator enforces four requests for each. For every
organization the figures say when its last invoice was written and paid, in turns and in seconds, as a share of when it
is at the latest where all take turns. The goal is twice that for the smallest ones, and as much memory at the end as in
the middle. `--waiting N N N` measures what so many waiting plans take instead, and `--months N` what months of billing
leave in the database.
"""

import runpy
import sys
from pathlib import Path

# This folder has a module with the name of Stripe's own package, and must not come first.
sys.path.pop(0)

if __name__ == "__main__":
    runpy.run_path(str(Path(__file__).with_name("book_run.py")), run_name="__main__")
