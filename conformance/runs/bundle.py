"""What one partner may see of a run: the cells that he takes part in, redacted, written whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from conformance.redaction.capture import redact_capture
from conformance.redaction.identities import Identities
from conformance.redaction.leaks import LeakSearch
from conformance.redaction.payloads import Redactor
from conformance.redaction.results import OURS, ResultRedactor
from conformance.redaction.secret_values import SecretValues
from conformance.redaction.texts import Texts
from conformance.runs.cell import EVENTS_FILE
from conformance.runs.folder import RESULT_FILE, RUN_FILE, FinishedRun, read_run
from conformance.runs.publish import publish
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.results import CellResult, RunCell, RunFooter

README_FILE: Final = "README.md"
_KEY_OCTETS: Final = 32
_CUT_FROM_MESSAGES: Final = frozenset({"before", "marked", "after", "text", "confirmed"})
"""Parts of messages, begun and ended anywhere: half a name is nobody's. The captures have them whole."""
_README: Final = """# Run {run}, as a partner may see it

{selection}

{redaction}

- `index.html`: the report. `run.jsonl` and `cells/*/result.json`: the same for programs.
- `cells/*/capture.pcapng`: the packets. Frame numbers, times, lengths and offsets are those of the run; checksums of
  changed packets were computed anew;
  each replaced value is the same one everywhere in this bundle, and another one in every other bundle.
- Domains, host names, addresses and ports stay. A name that is shown beside an address goes with the address.
- A digest response that was right is right still: it was computed anew from the replaced values. Whoever judges these
  captures again comes to the same verdicts, except where a criterion needs what is not here: the key or the password of
  a subscriber from a federation file, or the names of users as a federation file has them.
- Octets that could not be understood (encrypted, of an unknown protocol, cut) are overwritten.
"""


@dataclass(frozen=True)
class Bundle:
    """What was written."""

    page: Path
    cells: int
    left_out: int


def write_bundle(run: Path, out: Path, partner: str | None, *, redact: bool) -> Bundle:
    """Write what a partner may see of a run.

    Args:
        run: folder of the run.
        out: a folder that is new or empty.
        partner: testbed whose cells are written, as home or visited network, and whose identities stay; None for all
            cells, and nobody's identities.
        redact: replace identities and secrets; else the files of the chosen cells are copied as they are.

    Raises:
        BadInput: the run cannot be read, has no such testbed, or `out` is not empty.
        HarnessFault: something that must not be seen was found in what was written; nothing is left of it.
    """
    found = read_run(run)
    known = sorted(found.header.testbeds)
    if partner is not None and partner not in known:
        raise BadInput(f"--partner {partner}: no testbed of this run; expected one of {', '.join(known)}")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(f"--out {out}: is there already and not empty; expected a new or an empty folder")
    cells = [cell for cell in found.cells if partner is None or partner in (cell.home, cell.visited)]
    unfinished = out.absolute().with_name(f".{out.name}.part-{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        left_out = len(found.cells) - len(cells)
        _Writer(found, cells, partner, unfinished, left_out).write(redact)
        if out.exists():
            out.rmdir()
        unfinished.rename(out)
    except OSError as error:
        raise BadInput(f"--out {out}: {error.strerror or error}; expected a folder that can be written") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return Bundle(out / "index.html", len(cells), left_out)


class _Writer:
    def __init__(
        self, run: FinishedRun, cells: Sequence[CellResult], partner: str | None, folder: Path, left_out: int
    ) -> None:
        self._run, self._cells, self._partner, self._folder = run, cells, partner, folder
        self._left_out = left_out

    def write(self, redact: bool) -> None:
        """Write all files of the bundle, and look through them."""
        if not redact:
            for cell in self._cells:
                for file in self._captures(cell):
                    self._put(cell, file.name, file.read_bytes())
                self._put(cell, RESULT_FILE, cell.model_dump_json(by_alias=True, indent=1).encode() + b"\n")
            self._lines(lambda text: text, [self._selection()])
            publish(self._folder)
            return
        domain = self._run.header.testbeds[self._partner] if self._partner else None
        key = secrets.token_bytes(_KEY_OCTETS)
        redactor = Redactor(Identities(key, domain), SecretValues(key))
        self._learn(redactor)
        messages = {}
        for cell in self._cells:
            done = [(file, redact_capture(file, redactor)) for file in self._captures(cell)]
            messages[cell.folder] = [capture.messages for _, capture in done]
            for file, capture in done:
                self._put(cell, file.name, capture.data)
        results = ResultRedactor(Texts(redactor))
        for cell in self._cells:
            new = results.result(cell, messages[cell.folder])
            self._put(cell, RESULT_FILE, new.model_dump_json(by_alias=True, indent=1).encode() + b"\n")
            events = "".join(f"{event.model_dump_json()}\n" for event in new.events)
            self._put(cell, EVENTS_FILE, events.encode())
        self._lines(results.sentence, [self._selection(), self._redaction()])
        publish(self._folder)
        (self._folder / README_FILE).write_text(self._readme(), encoding="utf-8")
        LeakSearch(redactor).refuse(self._folder)

    def _learn(self, redactor: Redactor) -> None:
        """Let the mappings see everything once; identities and words that are not users are known then."""
        identities = redactor.identities
        identities.reserve([self._run.header.model_dump_json(), self._readme()])
        for cell in self._cells:
            for file in self._captures(cell):
                redact_capture(file, redactor)
            for key, text in _strings(cell.model_dump(mode="json"), ""):
                if key in OURS:
                    identities.reserve([text])
                elif key not in _CUT_FROM_MESSAGES:
                    identities.in_text(text)
        identities.freeze()

    def _captures(self, cell: CellResult) -> list[Path]:
        folder = self._run.path / cell.folder
        # Only the name counts: a result could say ../../etc/passwd.
        return [folder / Path(capture.file).name for capture in cell.captures]

    def _put(self, cell: CellResult, name: str, data: bytes) -> None:
        folder = (self._folder / cell.folder).resolve()
        if not folder.is_relative_to(self._folder.resolve()):
            raise BadInput(f"{cell.cell}: folder {cell.folder} lies outside of the run; was the run edited?")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)

    def _selection(self) -> str:
        if self._partner is None:
            return f"Selection: all {len(self._cells)} cells of the run."
        return (
            f"Selection for {self._partner}: {len(self._cells)} cells in which it is the home or the visited network; "
            f"{self._left_out} others are left out."
        )

    def _redaction(self) -> str:
        whose = f"users of other networks than {self._partner}" if self._partner else "all users"
        return (
            f"Redaction: the names of {whose} are replaced by others of the same length, nonces, keys and digests by "
            "other values, message bodies by filler; node logs are left out. The verdicts are those of the run."
        )

    def _readme(self) -> str:
        return _README.format(run=self._run.header.run, selection=self._selection(), redaction=self._redaction())

    def _lines(self, redacted: Callable[[str], str], limits: list[str]) -> None:
        """Write `run.jsonl`, with the cells that are in the bundle."""
        kept = [redacted(limit) for limit in self._run.header.limits]
        header = self._run.header.model_copy(update={"limits": [*kept, *limits], "words": []})
        lines = [header.model_dump_json(by_alias=True)]
        for cell in self._cells:
            line = RunCell(
                cell=cell.cell,
                folder=cell.folder,
                interoperability=cell.interoperability,
                conformance=cell.conformance,
                as_expected=cell.as_expected,
            )
            lines.append(line.model_dump_json())
        if self._run.footer is not None:
            differing = [cell.cell for cell in self._cells if not cell.as_expected]
            update = {"cells": len(self._cells), "differing": differing}
            footer: RunFooter = self._run.footer.model_copy(update=update)
            lines.append(footer.model_dump_json())
        (self._folder / RUN_FILE).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _strings(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Yield every text of a result with the field that it stands in, and the names of the fields."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one, key)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield "schema", name
            yield from _strings(one, key if key in OURS else name)
