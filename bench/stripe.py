"""How fast invoices get to Stripe within its limits: `python bench/stripe.py`; see `sending.py`."""

import runpy
import sys
from pathlib import Path

# This file has the name of Stripe's own package, and its folder must not come first.
sys.path.append(sys.path.pop(0))

if __name__ == "__main__":
    runpy.run_path(str(Path(__file__).with_name("sending.py")), run_name="__main__")
