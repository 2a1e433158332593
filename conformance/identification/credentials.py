"""Signs in what a terminal says of itself in Authorization: who it is, how often, and what is empty or old."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.criteria.model import Citation
from conformance.identification.sign import Signs, answers, cite, cite_absent, cite_param, introduces
from conformance.identification.terminals import Terminal

SIGNS = Signs()

_BLANK_VALUE = re.compile(rb'=[ \t]*"[ \t]+"')


@SIGNS.of("Q4", occasion=introduces)
def empty_username(terminal: Terminal) -> Iterator[Citation]:
    """The username is empty, and the realm mostly, too."""
    for turn, digest in terminal.credentials:
        username, realm = digest.credentials.get("username"), digest.credentials.get("realm")
        if username is not None and not username.value:
            for param in (username, realm):
                if param is not None and not param.value:
                    yield cite_param(turn.request, param)


@SIGNS.of("Q4a", occasion=introduces)
def empty_realm(terminal: Terminal) -> Iterator[Citation]:
    """The realm is empty beside a username."""
    for turn, digest in terminal.credentials:
        realm = digest.credentials.get("realm")
        if realm is not None and not realm.value and digest.value("username"):
            yield cite_param(turn.request, realm)


@SIGNS.of("Q4b")
def username_without_domain(terminal: Terminal) -> Iterator[Citation]:
    """The username is no NAI (3GPP TS 23.003 13.3)."""
    for turn, digest in terminal.credentials:
        username = digest.credentials.get("username")
        if username is not None and username.value and "@" not in username.value:
            yield cite_param(turn.request, username)


@SIGNS.of("Q5", "J6")
def no_credentials(terminal: Terminal) -> Iterator[Citation]:
    """The first REGISTER says nothing of who the subscriber is."""
    first = terminal.turns[0].request
    if first.sip.first("Authorization") is None and not first.truncated:
        yield cite_absent(first, "Authorization")


@SIGNS.of("Q12", occasion=answers)
def stale_credentials(terminal: Terminal) -> Iterator[Citation]:
    """An Authorization of before stands beside, or instead of, the answer to the challenge."""
    for turn in terminal.turns:
        realm = None if turn.challenge is None else turn.challenge.value("realm")
        for digest in turn.credentials if turn.challenge is not None else ():
            beside = len(turn.credentials) > 1 and not digest.value("response")
            elsewhere = digest.value("realm") != realm and not digest.value("nonce")
            if (beside or elsewhere) and not digest.value("auts"):
                yield cite(turn.request, "Authorization", digest.header.span)


@SIGNS.of("U1", occasion=introduces)
def blank_values(terminal: Terminal) -> Iterator[Citation]:
    """A blank stands where an empty nonce or response should."""
    for turn, digest in terminal.credentials:
        for name in ("nonce", "response"):
            param = digest.credentials.get(name)
            if (
                param is not None
                and not param.value.strip()
                and _BLANK_VALUE.search(turn.request.raw, param.span.offset, param.span.end)
            ):
                yield cite_param(turn.request, param)
