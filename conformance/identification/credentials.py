"""Signs in the Authorization of a REGISTER: how it is written, what is empty, how many there are."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.criteria.model import Citation
from conformance.identification.sign import Signs, cite, cite_absent
from conformance.identification.terminals import Terminal, Turn

SIGNS = Signs()

_ORDER = ("username", "realm", "nonce", "uri", "response")
"""In which a stack of Symbian writes them."""


@SIGNS.of("Q3")
def no_blanks(terminal: Terminal) -> Iterator[Citation]:
    """Parameters in one fixed order and no blank between them; RFC 2617 allows both."""
    for turn in terminal.turns:
        for digest in turn.credentials:
            span = digest.header.value_span
            raw = turn.request.raw[span.offset : span.end]
            names = tuple(param.name for param in digest.credentials.params)
            if names[: len(_ORDER)] == _ORDER and not any(blank in raw for blank in (b", ", b",\t", b" ,", b",\r")):
                yield cite(turn.request, "Authorization", span)


@SIGNS.of("Q4")
def empty_identity(terminal: Terminal) -> Iterator[Citation]:
    """The realm or the username is empty, or the username has no domain (3GPP TS 23.003 13.3: it is a NAI)."""
    for turn in terminal.turns:
        for digest in turn.credentials:
            for name in ("username", "realm"):
                param = digest.credentials.get(name)
                if param is not None and (not param.value or (name == "username" and "@" not in param.value)):
                    yield cite(turn.request, f"Authorization: {name}", param.span)


@SIGNS.of("Q5")
def no_credentials(terminal: Terminal) -> Iterator[Citation]:
    """The first REGISTER says nothing of who the subscriber is."""
    first = terminal.turns[0].request
    if first.sip.first("Authorization") is None and not first.truncated:
        yield cite_absent(first, "Authorization")


@SIGNS.of("Q12")
def stale_credentials(terminal: Terminal) -> Iterator[Citation]:
    """An Authorization of before stands beside, or instead of, the answer to the challenge."""
    for turn in terminal.turns:
        yield from _stale(turn)


def _stale(turn: Turn) -> Iterator[Citation]:
    if turn.challenge is None:
        return
    realm = turn.challenge.value("realm")
    for digest in turn.credentials:
        beside = len(turn.credentials) > 1 and not digest.value("response")
        elsewhere = digest.value("realm") != realm and digest.value("nonce") == ""
        if (beside or elsewhere) and digest.credentials.get("auts") is None:
            yield cite(turn.request, "Authorization", digest.header.span)
