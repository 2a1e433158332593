"""Watcher information (RFC 3858)."""

from __future__ import annotations

from lxml import etree

from conformance.protocols.presence.winfo import NAMESPACE, WatcherState, WatcherStatus, write_winfo


def test_watchers_are_listed_with_state_and_event() -> None:
    watcher = WatcherState("w1", "sip:b&b@h.test", WatcherStatus.WAITING, "timeout")
    root = etree.fromstring(write_winfo(3, "sip:alice@h.test", "presence", [watcher], full=False))
    assert (root.tag, root.get("version"), root.get("state")) == (f"{{{NAMESPACE}}}watcherinfo", "3", "partial")
    (watched,) = root
    assert dict(watched.attrib) == {"resource": "sip:alice@h.test", "package": "presence"}
    assert dict(watched[0].attrib) == {"id": "w1", "event": "timeout", "status": "waiting"}
    assert watched[0].text == "sip:b&b@h.test"
