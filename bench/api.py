"""How the API does: `python bench/api.py [--bare | --writes | --bulk] ...`.

By itself under a load of reads (`reading.py`), with `--bare` beside bare FastAPI routes that do the same SQL
(`compared.py`), with `--writes` starting plans and giving them commands (`writing.py`), with `--bulk` reporting ten
thousand seat counts at once (`bulk.py`).
"""

import runpy
import sys
from pathlib import Path

# Stripe's own package must be found before the file of its name beside this one.
sys.path.append(sys.path.pop(0))

PROGRAMS = {"--bare": "compared.py", "--writes": "writing.py", "--bulk": "bulk.py"}

if __name__ == "__main__":
    program = next((name for flag, name in PROGRAMS.items() if flag in sys.argv), "reading.py")
    sys.argv = [one for one in sys.argv if one not in PROGRAMS]
    runpy.run_path(str(Path(__file__).with_name(program)), run_name="__main__")
