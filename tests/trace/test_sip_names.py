from __future__ import annotations

import pytest

from conformance.trace.sip_names import COMPACT, NOT_LISTS, SINGLE, canonical


@pytest.mark.parametrize(
    ("written", "name"),
    [("call-id", "Call-ID"), ("I", "Call-ID"), ("www-authenticate", "WWW-Authenticate"), ("X-Own", "X-Own")],
)
def test_every_spelling_gives_the_long_form(written: str, name: str) -> None:
    assert canonical(written) == name


def test_the_tables_use_the_long_forms() -> None:
    for name in {*COMPACT.values(), *NOT_LISTS, *SINGLE}:
        assert canonical(name.lower()) == name
