"""One form in which identities are compared."""

from __future__ import annotations

import pytest

from conformance.protocols.presence.identity import canonical, domain_of


@pytest.mark.parametrize(
    ("written", "form", "domain"),
    [
        ("sip:Alice@H.test", "sip:Alice@h.test", "h.test"),
        ("SIP:alice@h.test:5060;user=phone?Subject=x", "sip:alice@h.test", "h.test"),
        ("pres:alice@h.test", "sip:alice@h.test", "h.test"),
        ("sips:alice@h.test", "sip:alice@h.test", "h.test"),
        ("sip:alice@[2001:db8::1]:5060", "sip:alice@[2001:db8::1]", "[2001:db8::1]"),
        ("tel:+34-91.(0)", "tel:+34910", ""),
        ("urn:x:Y", "urn:x:Y", ""),
        ("", ":", ""),
    ],
)
def test_forms(written: str, form: str, domain: str) -> None:
    assert canonical(written) == form
    assert domain_of(form) == domain
