"""Take the pictures of docs/pictures, of a stack of their own: `python scripts/pictures.py`.

They need Chromium and pdftoppm (poppler-utils). The customer is invented, and lives on a test clock.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
BROWSER = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
SIZE = "1280,720"
LIFE = (
    "customer create Acme billing@acme.example",
    "customer card acme",
    "clock create pictures --at 2026-01-31",
    "seats report acme --members 12 --guests 3 --at 2026-01-30",
    "plan start acme --tier cloud_standard --schedule monthly --test-clock CLOCK",
    "clock advance CLOCK 2026-02-10",
    "seats report acme --members 15 --guests 3",
    "clock advance CLOCK 2026-03-01",
)


def billflow(*words: str) -> str:
    """Type a command, and return what it prints."""
    command = [sys.executable, "-m", "billflow.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@contextmanager
def running() -> Iterator[str]:
    """Run `billflow dev`, and yield where the Web UI is."""
    command = [sys.executable, "-m", "billflow.cli", "dev"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            printed = ""
            for line in process.stdout or ():
                printed += line
                if "Try" in line:
                    break
            yield re.findall(r"Web UI\s+(\S+)", printed)[0]
        finally:
            process.send_signal(signal.SIGINT)


def live() -> str:
    """Let a customer buy and grow, and return the id of its newest invoice."""
    clock = ""
    for line in LIFE:
        printed = billflow(*line.replace("CLOCK", clock).split())
        if line.startswith("clock create"):
            clock = re.findall(r"^\s*id\s+(\S+)", printed, re.MULTILINE)[0]
    return re.findall(r'"id": "([^"]+)"', billflow("invoice", "list", "--json"))[0]


def main() -> None:
    """Take them."""
    chromium, pdftoppm = shutil.which("chromium"), shutil.which("pdftoppm")
    if not chromium or not pdftoppm:
        sys.exit("Pictures need chromium and pdftoppm: apt-get install chromium poppler-utils")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        os.environ |= {"BILLFLOW_DATA_DIR": f"{folder}/data", "XDG_STATE_HOME": f"{folder}/state"}
        with running() as web_ui:
            billflow("invoice", "pdf", live(), "-o", f"{folder}/invoice.pdf")
            page = f"{web_ui}/namespaces/default/workflows"
            shot = [f"--screenshot={PICTURES / 'temporal-web-ui.png'}", f"--window-size={SIZE}"]
            patience = ["--virtual-time-budget=15000", f"--user-data-dir={folder}/browser"]
            subprocess.run([chromium, *BROWSER, *shot, *patience, page], check=True, timeout=120)
            time.sleep(1)
        picture = ["-png", "-r", "60", "-singlefile", f"{folder}/invoice.pdf", str(PICTURES / "invoice")]
        subprocess.run([pdftoppm, *picture], check=True, timeout=120)


if __name__ == "__main__":
    main()
