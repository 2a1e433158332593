"""`result.json` of a cell redacted. The verdicts are those of the run; only texts change.

What a result shows of a message is cut anew from the redacted message, at the same place: nothing changed its length.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from conformance.redaction.payloads import Redacted
from conformance.redaction.texts import Texts
from conformance.vocabulary.results import CellResult

OURS: Final = frozenset(
    [
        "cell",
        "folder",
        "file",
        "test_case",
        "title",
        "flow",
        "home",
        "visited",
        "access_point",
        "id",
        "clause",
        "statement",
        "node",
        "step",
        "kind",
        "verdict",
        "level",
        "severity",
        "interoperability",
        "conformance",
        "expected_interoperability",
        "expected_conformance",
        "expected_criteria",
        "status",
        "protocol",
        "point",
        "points",
        "criterion",
        "sheet",
        "schema",
        "expires",
        "not_read",
        "roles",
        "breaks",
        "blocks",
        "cure",
        "advice",
    ]
)
"""Fields that say nothing which came from a packet: they stay. Their words mean something else than a user."""
_HEX: Final = re.compile(r"(?:[0-9a-f]{2}|\*\*)(?: (?:[0-9a-f]{2}|\*\*))*")
_ELLIPSES: Final = re.compile(r"^( *…? *)(.*?)( *…? *)$", re.DOTALL)

Json = Any
"""What `json` reads."""


class Messages:
    """The messages of a cell, before and after, by capture and frame.

    Args:
        captures: those of each capture, in the order of the result.
    """

    def __init__(self, captures: Sequence[Sequence[Redacted]]) -> None:
        self._all = captures
        self._by_frame: dict[tuple[int, int], list[Redacted]] = {}
        for index, capture in enumerate(captures):
            for message in capture:
                self._by_frame.setdefault((index, message.frame), []).append(message)

    def at(self, capture: int, frame: int) -> Sequence[Redacted]:
        """Return the messages of a frame, then all others of the capture."""
        first = self._by_frame.get((capture, frame), [])
        return [*first, *(self._all[capture] if capture < len(self._all) else ())]

    def slice(self, text: str, capture: int, frame: int, offset: int) -> str | None:
        """Return what stands now where a text was cut from a message.

        Args:
            text: Latin-1 or hexadecimal, stars for octets that were masked.
            capture: index of the capture.
            frame: number of the frame.
            offset: where in the message the text began.

        Returns:
            None where no message has that text there.
        """
        as_hex = _HEX.fullmatch(text) is not None
        size = (len(text) + 1) // 3 if as_hex else len(text)
        for message in self.at(capture, frame):
            if not 0 <= offset <= len(message.old) - size:
                continue
            old, new = message.old[offset : offset + size], message.new[offset : offset + size]
            shown = (old.hex(" "), new.hex(" ")) if as_hex else (old.decode("latin-1"), new.decode("latin-1"))
            if all(mine in ("*", had) for mine, had in zip(text, shown[0], strict=True)):
                return "".join("*" if mine == "*" else has for mine, has in zip(text, shown[1], strict=True))
        return None


class ResultRedactor:
    """Redacts the results of one run.

    Args:
        texts: for sentences.
    """

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def result(self, result: CellResult, captures: Sequence[Sequence[Redacted]]) -> CellResult:
        """Return the result of a cell redacted.

        Args:
            result: as the run wrote it.
            captures: messages of each capture that it names.
        """
        messages = Messages(captures)
        data = result.model_dump(mode="json", by_alias=True)
        data["node_logs"] = {}
        return CellResult.model_validate(self._value(data, messages, ""))

    def sentence(self, text: str) -> str:
        """Return a text that came from nowhere in particular redacted."""
        return self._texts.sentence(text)

    def _value(self, value: Json, messages: Messages, key: str) -> Json:
        if key in OURS:
            return value
        if isinstance(value, str):
            return self._texts.sentence(value)
        if isinstance(value, list):
            return [self._value(one, messages, key) for one in value]
        if not isinstance(value, Mapping):
            return value
        if "marked" in value and "offset" in value:
            return {**value, **self._marked(value, value, messages)}
        if isinstance(value.get("excerpt"), Mapping):
            rest = {name: self._value(one, messages, name) for name, one in value.items() if name != "excerpt"}
            return {**rest, "excerpt": self._marked(value["excerpt"], value, messages)}
        if "text" in value and "protocol" in value:
            rest = {name: self._value(one, messages, name) for name, one in value.items() if name != "text"}
            return {**rest, "text": self._message(value, messages)}
        return {name: self._value(one, messages, name) for name, one in value.items()}

    def _message(self, arrow: Mapping[str, Json], messages: Messages) -> str:
        text: str = arrow["text"]
        if arrow["protocol"] == "Diameter":
            return self._texts.diameter(text)
        if arrow["protocol"] not in ("SIP", "HTTP"):
            return self._texts.sentence(text)
        body, ellipsis = text.removesuffix("…"), "…" * text.endswith("…")
        found = messages.slice(body, arrow["capture"], arrow["frame"], 0)
        # A message that no capture has is shown without what stands behind its header.
        return found + ellipsis if found is not None else self._texts.sentence(text.partition("\r\n\r\n")[0])

    def _marked(self, shown: Mapping[str, str], place: Mapping[str, Json], messages: Messages) -> dict[str, str]:
        """Cut the three parts of an excerpt or of a marked line anew."""
        capture, frame, offset, length = place["capture"], place["frame"], place["offset"] or 0, place["length"] or 0
        out = {}
        for name, text in shown.items():
            if name not in ("before", "marked", "after"):
                continue
            parts = _ELLIPSES.match(text)
            front, core, back = parts.groups() if parts else ("", text, "")
            if not _HEX.fullmatch(core):
                front, core, back = (
                    "…" * text.startswith("…"),
                    text.removeprefix("…").removesuffix("…"),
                    "…" * (len(text) > 1 and text.endswith("…")),
                )
            size = (len(core) + 1) // 3 if _HEX.fullmatch(core) else len(core)
            begins = {
                "before": [offset - size],
                "marked": [offset],
                "after": [offset + length, offset + len(shown["marked"])],
            }
            found = next(
                (f for at in begins[name] if (f := messages.slice(core, capture, frame, at)) is not None), None
            )
            if found is None:
                found = re.sub(r"[0-9a-f]{2}", "**", core) if _HEX.fullmatch(core) else self._texts.sentence(core)
            out[name] = front + found + back
        return out
