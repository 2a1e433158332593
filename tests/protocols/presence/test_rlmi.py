"""RLMI and the documents of members in one body (RFC 4662 5), read with the mail parser of the library."""

from __future__ import annotations

from email import message_from_bytes

from lxml import etree

from conformance.protocols.presence.rlmi import NAMESPACE, Resource, write_rlmi

FRIENDS = "sip:friends@h.test"


def test_parts_are_found_by_their_content_ids() -> None:
    document = b'<?xml version="1.0"?>\r\n<presence/>\r\n--'
    resources = [
        Resource("sip:bob@h.test", "Bob & <co>", "active", document=document),
        Resource("sip:carol@h.test", state="terminated", reason="rejected"),
        Resource("sip:dave@h.test"),
    ]
    kind, body = write_rlmi(FRIENDS, 4, resources, full=True)
    whole = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    first, second = whole.get_payload()
    assert (first.get_content_type(), first["Content-ID"]) == ("application/rlmi+xml", whole.get_param("start"))
    root = etree.fromstring(first.get_payload(decode=True))
    assert dict(root.attrib) == {"uri": FRIENDS, "version": "4", "fullState": "true"}
    instances = [one.find(f"{{{NAMESPACE}}}instance") for one in root]
    assert [None if one is None else one.get("state") for one in instances] == ["active", "terminated", None]
    assert instances[1].get("reason") == "rejected"
    assert root[0].findtext(f"{{{NAMESPACE}}}name") == "Bob & <co>"
    assert f"<{instances[0].get('cid')}>" == second["Content-ID"]
    assert second.get_payload(decode=True) == document
