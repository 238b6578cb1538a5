"""How long pages take: `python bench/console.py [--customers N] [--json]`; see `console_pages.py`."""

import runpy
import sys
from pathlib import Path

# Stripe's own package must be found before the file of its name beside this one.
sys.path.append(sys.path.pop(0))

if __name__ == "__main__":
    runpy.run_path(str(Path(__file__).with_name("console_pages.py")), run_name="__main__")
