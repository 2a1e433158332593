"""Coverage-guided fuzzing of one parser with atheris, which has to be installed: `pip install -e '.[fuzz]'`.

    python -m tests.fuzz sip -max_total_time=900           # 15 minutes on the SIP reader
    python -m tests.fuzz sip crash-2f0a...                 # once more, what was found

What follows the name of the parser is given to libFuzzer as it is. It begins with `tests/fuzz/corpus/NAME`, keeps what
it finds in a folder of its own under the folder for temporary files, and ends at the first input that breaks a promise
of `judging.py` or `driving.py`, or takes more than five seconds; it writes that input where it was started.
"""

from __future__ import annotations

import sys
import tempfile
from importlib import import_module
from pathlib import Path

import atheris

CORPUS = Path(__file__).parent / "corpus"
SECONDS_AT_MOST = 5
LONGEST = 65_535
"""Octets of an input: what a datagram can hold."""


def main() -> None:
    """Fuzz the parser that the first argument names."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    module = "driving" if name.startswith("driven-") else "judging"
    with atheris.instrument_imports(include=["conformance", "sipmessage", "diameter"]):
        targets = import_module(f"tests.fuzz.{module}").TARGETS
    if name not in targets:
        sys.exit(f"python -m tests.fuzz: expected a parser ({', '.join(targets)}, driven-...), found {name!r}")
    options = sys.argv[2:]
    if all(option.startswith("-") for option in options):
        found = Path(tempfile.gettempdir()) / f"netlab-fuzz-{name}"
        found.mkdir(exist_ok=True)
        (CORPUS / name).mkdir(parents=True, exist_ok=True)
        options += [str(found), str(CORPUS / name)]
    atheris.Setup([sys.argv[0], f"-timeout={SECONDS_AT_MOST}", f"-max_len={LONGEST}", *options], targets[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
