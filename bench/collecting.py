"""What a step and collecting its invoice take, without workflows; what it does is in `collecting_run.py`."""

import runpy
import sys
from pathlib import Path

# This folder has a module with the name of Stripe's own package, and must not come first.
sys.path.pop(0)

if __name__ == "__main__":
    runpy.run_path(str(Path(__file__).with_name("collecting_run.py")), run_name="__main__")
