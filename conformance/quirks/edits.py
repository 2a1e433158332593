"""Quirks of spelling: what each does to the octets of a REGISTER as it leaves the terminal.

A quirk that is not here changes what the terminal computes (`terminals/manner.py`). An edit knows no state, and leaves
every other message alone. It may write what no codec accepts; that is why it works on octets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

Edit = Callable[[bytes], bytes]
"""Takes a whole message, returns what is sent instead."""

_AUTHORIZATION = re.compile(rb"(?im)^(Authorization[ \t]*:[ \t]*)([^\r\n]*)\r\n")
_EMPTY_NONCE = re.compile(rb'\bnonce="[ ]?"')
_BARE = re.compile(rb"\b(algorithm|qop|nc)=([^\s\",]+)")
_TO = re.compile(rb"(?im)^((?:To|t)[ \t]*:[^\r\n]*)(\r\n)")


def edit_of(ids: Iterable[str], then: Edit | None = None) -> Edit | None:
    """Return the edits of quirks, one after the other in the order of the table.

    Args:
        ids: quirks; those that the table does not have are no matter of spelling.
        then: what else is done to a message behind them, whatever its method: a fault.

    Returns:
        One function, or None where nothing edits anything.
    """
    wanted = frozenset(ids)
    chosen = [edit for id, edit in EDITS.items() if id in wanted]
    if not chosen:
        return then

    def apply(message: bytes) -> bytes:
        if message.startswith(b"REGISTER "):
            for edit in chosen:
                message = edit(message)
        return message if then is None else then(message)

    return apply


def _credentials(change: Callable[[bytes], bytes], *, first: bool = False) -> Edit:
    """Change the value of each Authorization; `first`: of those alone that answer no challenge."""

    def changed(match: re.Match[bytes]) -> bytes:
        value = match[2]
        return match[1] + (change(value) if not first or _EMPTY_NONCE.search(value) else value) + b"\r\n"

    return lambda message: _AUTHORIZATION.sub(changed, message)


def _substituted(pattern: bytes, replacement: bytes) -> Callable[[bytes], bytes]:
    compiled = re.compile(pattern)
    return lambda value: compiled.sub(replacement, value, count=1)


EDITS: Mapping[str, Edit] = {
    "Q17": lambda message: _TO.sub(rb"\1;nat_traversal_required\2", message, count=1),
    "Q3": _credentials(lambda value: value.replace(b", ", b","), first=True),
    "Q4c": _credentials(_substituted(rb'(\buri="[^"]*)"', rb"\1")),
    "Q4d": _credentials(_substituted(rb'\busername="([^"]*)"', rb"username=\1")),
    "Q4e": _credentials(lambda value: _BARE.sub(rb'\1="\2"', value)),
    "Q4f": _credentials(_substituted(rb',[ ]*uri="[^"]*"', b"")),
    # Behind all that change a value: both lines are the same, and a line is found whole before it is folded.
    "Q4g": lambda message: _AUTHORIZATION.sub(lambda match: match[0] * 2, message, count=1),
    "Q4h": _credentials(_substituted(rb",[ ]*(?=nonce=)", b",\r\n ")),
}
"""What each quirk does, by its id."""
