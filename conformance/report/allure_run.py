"""What Allure reads of a run as a whole: `categories.json` and `environment.properties`."""

from __future__ import annotations

import json
from pathlib import Path

from conformance.vocabulary.results import RunHeader

_FIRST_LINE = r"[^\n]*"
_REST = r"[\s\S]*"
"""A category has to match the whole message: this is any character, line ends too, in Java and in JavaScript."""


def _said(words: str) -> str:
    return _FIRST_LINE + words + _REST


CATEGORIES = (
    {
        "name": "Testbed: the user did not get the service (interoperability FAIL)",
        "matchedStatuses": ["failed"],
        "messageRegex": _said("interoperability FAIL"),
    },
    {
        "name": "Testbed: messages are not as the standards ask (conformance FAIL)",
        "matchedStatuses": ["failed"],
        "messageRegex": _said("conformance FAIL"),
    },
    {
        "name": "Not run: an earlier cell found the testbed dead",
        "matchedStatuses": ["skipped"],
        "messageRegex": _said(r"\]: not run"),
    },
    {
        "name": "Evidence is missing (INCONCLUSIVE)",
        "matchedStatuses": ["skipped", "failed"],
        "messageRegex": _said("(interoperability|conformance) INCONCLUSIVE"),
    },
    {
        "name": "Known deviation that did not happen",
        "matchedStatuses": ["failed"],
        "messageRegex": _said(r"\(expected [A-Z_]+/[A-Z_]+\)"),
    },
    {
        "name": "Not applicable: the testbed does not declare the feature",
        "matchedStatuses": ["skipped"],
        "messageRegex": _said("(interoperability|conformance) NOT_APPLICABLE"),
    },
    {
        "name": "Testbed is down",
        "matchedStatuses": ["broken"],
        "messageRegex": _said("CellWithoutTestbed"),
    },
    {"name": "Harness error, or a test case that is wrong", "matchedStatuses": ["broken"]},
)
"""The first that fits counts. The words are those of `runs/outcome.py`; a test holds both together."""


def write_run_files(folder: Path, header: RunHeader) -> None:
    """Write both files.

    Args:
        folder: of the Allure results.
        header: of the run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "categories.json").write_text(json.dumps(CATEGORIES, indent=1) + "\n", encoding="utf-8")
    (folder / "environment.properties").write_text(_properties(header), encoding="ascii")


def _properties(header: RunHeader) -> str:
    values = {
        "run": header.run,
        "netlab-conformance": header.version,
        "commit": header.commit or "unknown",
        "federation": header.federation,
        **{f"testbed.{name}": domain for name, domain in header.testbeds.items()},
        "core": header.core,
        "fabric": header.fabric,
        "capture-backend": header.capture_backend,
        **header.tools,
        **{f"limit.{number}": limit for number, limit in enumerate(header.limits, start=1)},
    }
    return "".join(f"{_escaped(name, in_name=True)}={_escaped(value)}\n" for name, value in values.items())


def _escaped(text: str, *, in_name: bool = False) -> str:
    r"""Write text as Java's `Properties` reads it: ASCII, the rest as `\uXXXX` (UTF-16 code units)."""
    special = "\\=:#! " if in_name else "\\"
    text = "".join(f"\\{character}" if character in special else character for character in text)
    text = text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    units = text.encode("utf-16-be", "surrogatepass")
    pairs = (int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))
    return "".join(chr(unit) if 0x20 <= unit < 0x7F else f"\\u{unit:04x}" for unit in pairs)
