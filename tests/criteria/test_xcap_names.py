"""Names of documents in request targets."""

from __future__ import annotations

import pytest

from conformance.criteria.xcap_names import document_name, user_of


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("/xcap-root/pres-rules/users/sip:alice@uc3m.test/index", ("pres-rules", "sip:alice@uc3m.test", "index", "")),
        ("/pres-rules/users/sip%3Aalice%40uc3m.test/index", ("pres-rules", "sip:alice@uc3m.test", "index", "")),
        ("http://h:80/r/s/resource-lists/users/a/b/c?d=e", ("resource-lists", "a", "b/c", "")),
        ("/r/pres-rules/users/a/index/~~/ruleset/rule%5b1%5d", ("pres-rules", "a", "index", "ruleset/rule%5b1%5d")),
        ("/r/xcap-caps/global/index", ("xcap-caps", "", "index", "")),
        ("/users/a/b", None),
        ("/r/pres-rules/users/a", None),
        ("/", None),
        ("*", None),
    ],
)
def test_a_target_names_a_document_or_none(target: str, wanted: tuple[str, ...] | None) -> None:
    assert document_name(target) == wanted
    assert user_of(target) == ("" if wanted is None else wanted[1])
