"""A FAIL stands only where Wireshark sees the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from conformance.criteria.model import Citation, Claim, failed, passed
from conformance.judgement import judge
from conformance.judgement.confirmation import confirm, frames_of, opinion


@dataclass
class Frame:
    fields: dict[str, list[str]] = field(default_factory=dict)


@pytest.fixture
def message(lab: Any) -> Any:
    return lab.trace().messages[0]


@pytest.mark.parametrize(
    ("claim", "shown", "agrees"),
    [
        (Claim("sip.Path", ("<sip:p;lr>",)), ["<sip:p;lr>"], True),
        (Claim("sip.Path", ("<sip:p;lr>",)), ["<sip:q;lr>"], False),
        (Claim("sip.Path", ("<sip:p;lr>",)), [], False),
        (Claim("sip.Path"), ["anything"], True),
        (Claim("sip.Path", absent=""), [], True),
        (Claim("sip.Path", absent=""), ["<sip:p;lr>"], False),
        (Claim("sip.Require", absent="path"), ["sec-agree"], True),
        (Claim("sip.Require", absent="path"), ["sec-agree, Path"], False),
        (Claim("sip.Authorization", ("a, b",)), ["Digest a,\\r\\n b"], True),
    ],
)
def test_claims(message: Any, claim: Any, shown: Any, agrees: Any) -> None:
    citation = Citation(message, "Path", claims=(claim,))
    fields = {claim.field: shown} if shown else {}
    assert opinion(citation, {(0, 1): Frame(fields)}).agrees is agrees


def test_a_frame_that_wireshark_does_not_have(message: Any) -> None:
    citation = Citation(message, "Path")
    finding = confirm(failed("x", "y", citation), {})
    assert finding.verdict == "ERROR"
    assert "does not have frame 1" in finding.found


def test_only_fails_are_read_again(message: Any) -> None:
    citation = Citation(message, "Path")
    assert frames_of([failed("x", "y", citation), passed("x", "y", citation)]) == {0: {1}}
    assert confirm(passed("x", "y", citation), {}).verdict == "PASS"


def test_the_judge_asks_and_says_what_it_heard(lab: Any) -> None:
    asked = []

    def second(file: Any, frames: Any) -> Any:
        asked.append((file.name, list(frames)))
        return {frame: Frame({"sip.WWW-Authenticate": ['Digest ck="' + lab.ck.hex() + '", ik=""']}) for frame in frames}

    lab.edit("g401", 'qop="auth"', f'qop="auth", ck="{lab.ck.hex()}"')
    result = judge(lab.trace(), confirm=second).procedures[0]
    found = next(c for c in result.criteria if c.id == "REG-30")
    assert found.verdict == "FAIL"
    assert asked == [("hand.pcapng", [18])]
    assert found.evidence[0].confirmed.startswith("sip.WWW-Authenticate: Digest ck=")


def test_where_wireshark_disagrees_it_is_our_error(lab: Any) -> None:
    lab.edit("g401", 'qop="auth"', 'qop="auth"' + lab.keys)
    result = judge(lab.trace(), confirm=lambda _file, frames: {f: Frame() for f in frames}).procedures[0]
    found = next(c for c in result.criteria if c.id == "REG-30")
    assert found.verdict == "ERROR"
    assert result.conformance == "ERROR"
    assert "Wireshark does not see that in frame 18" in found.found
