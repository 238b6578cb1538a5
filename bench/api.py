"""How the API reads under load: `python bench/api.py [--customers N] [--rate N] [--processes N]`; see `reading.py`.

With `--bare` it is beside bare FastAPI routes that do the same SQL; see `compared.py`.
"""

import runpy
import sys
from pathlib import Path

# Stripe's own package must be found before the file of its name beside this one.
sys.path.append(sys.path.pop(0))

if __name__ == "__main__":
    runpy.run_path(
        str(Path(__file__).with_name("compared.py" if "--bare" in sys.argv else "reading.py")), run_name="__main__"
    )
