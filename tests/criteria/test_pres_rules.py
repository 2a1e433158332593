"""What rules say of a watcher, and where they say nothing that could be judged."""

from __future__ import annotations

import pytest

from conformance.criteria.pres_rules import decide

HEAD = '<ruleset xmlns="urn:ietf:params:xml:ns:common-policy" xmlns:pr="urn:ietf:params:xml:ns:pres-rules">'
BOB = "sip:bob@uc3m.test"


def rules(*some: tuple[str, str]) -> bytes:
    text = "".join(
        f'<rule id="r{n}"><conditions>{conditions}</conditions>'
        f"<actions><pr:sub-handling>{handling}</pr:sub-handling></actions></rule>"
        for n, (conditions, handling) in enumerate(some)
    )
    return f"{HEAD}{text}</ruleset>".encode()


def of(inner: str) -> str:
    return f"<identity>{inner}</identity>"


ONE = of(f'<one id="{BOB}"/>')


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        (rules(), "block"),
        (rules((ONE, "allow")), "allow"),
        (rules((of('<one id="sip:carol@uc3m.test"/>'), "allow")), "block"),
        (rules((ONE, "confirm"), (ONE, "polite-block")), "polite-block"),
        (rules(("", "confirm")), "confirm"),
        (rules((of("<many/>"), "allow")), "allow"),
        (rules((of('<many domain="uc3m.test"/>'), "allow")), "allow"),
        (rules((of('<many domain="stuba.test"/>'), "allow")), "block"),
        (rules((of(f'<many><except id="{BOB}"/></many>'), "allow")), "block"),
        (rules((of('<many><except domain="uc3m.test"/></many>'), "allow")), "block"),
        (rules((f"{ONE}<sphere/>", "allow")), None),
        (rules((f"{ONE}<sphere/>", "allow"), (ONE, "allow")), "allow"),
        (rules((of('<other xmlns="urn:x"/>'), "allow")), None),
        (rules((of('<one id="sip:carol@uc3m.test"/>') + "<sphere/>", "allow")), "block"),
        (b"<other/>", None),
        (b"no document", None),
        (b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>" + rules(), None),
    ],
)
def test_the_strongest_rule_that_applies_decides(document: bytes, wanted: str | None) -> None:
    assert decide(document, BOB) == wanted
