"""What is wrong with presence (RFC 3863), watcher information (RFC 3858) and list (RFC 4662) documents."""

from __future__ import annotations

import re

from conformance.criteria.values import same_identity
from conformance.criteria.xml_tree import Element, NotReadError, NotWellFormedError, read_xml

PIDF = "urn:ietf:params:xml:ns:pidf"
WATCHERS = "urn:ietf:params:xml:ns:watcherinfo"
LIST = "urn:ietf:params:xml:ns:rlmi"
STATES = ("pending", "active", "waiting", "terminated")
EVENTS = (
    "subscribe",
    "approved",
    "deactivated",
    "probation",
    "rejected",
    "timeout",
    "giveup",
    "noresource",
)
_NUMBER = re.compile(r"[0-9]{1,10}")


def pidf_problem(body: bytes, entity: str = "") -> str:
    """Return what is wrong with a presence document, empty where nothing is.

    Args:
        body: The document.
        entity: Whose presence it must be; empty: anybody's.

    Raises:
        NotReadError: It is beyond what is read here.
    """
    try:
        root = read_xml(body)
    except NotWellFormedError as error:
        return f"no XML: {error}"
    if root.name != f"{PIDF} presence":
        return f"the root is {root.name[:80]}"
    named = root.attributes.get("entity", "")
    if not named:
        return "presence has no entity"
    if entity and not _same_entity(named, entity):
        return f"entity is {named[:80]}"
    ids = []
    for item in root.all(f"{PIDF} tuple"):
        ids.append(item.attributes.get("id", ""))
        if not ids[-1]:
            return "a tuple has no id"
        states = item.all(f"{PIDF} status")
        if len(states) != 1:
            return f"tuple {ids[-1][:40]} has {len(states)} status"
        for basic in states[0].all(f"{PIDF} basic"):
            if basic.content not in ("open", "closed"):
                return f"basic is {basic.content[:40]!r}"
    return "two tuples have one id" if len(set(ids)) < len(ids) else ""


def says_open(body: bytes) -> bool:
    """Tell whether a presence document says that somebody can be reached: more than the neutral state.

    False of what cannot be read.
    """
    try:
        root = read_xml(body)
    except (NotReadError, NotWellFormedError):
        return False
    states = (state for item in root.all(f"{PIDF} tuple") for state in item.all(f"{PIDF} status"))
    return any(basic.content == "open" for state in states for basic in state.all(f"{PIDF} basic"))


def _same_entity(one: str, other: str) -> bool:
    """Tell whether two URIs name one presentity; `pres:` names whom `sip:` does (RFC 3859)."""
    return same_identity(_as_sip(one), _as_sip(other))


def _as_sip(uri: str) -> str:
    return f"sip:{uri[5:]}" if uri.lower().startswith("pres:") else uri


def read_watchers(body: bytes) -> tuple[Element, str]:
    """Return the root of watcher information and what is wrong with it, empty where nothing is.

    Raises:
        NotReadError: It is beyond what is read here.
        NotWellFormedError: It is no XML.
    """
    root = read_xml(body)
    if root.name != f"{WATCHERS} watcherinfo":
        return root, f"the root is {root.name[:80]}"
    if not _NUMBER.fullmatch(root.attributes.get("version", "")):
        return root, f"version is {root.attributes.get('version', '')[:20]!r}"
    if root.attributes.get("state") not in ("full", "partial"):
        return root, f"state is {root.attributes.get('state', '')[:20]!r}"
    for one in root.all(f"{WATCHERS} watcher-list"):
        if not one.attributes.get("resource") or not one.attributes.get("package"):
            return root, "watcher-list lacks resource or package"
        for watcher in one.all(f"{WATCHERS} watcher"):
            status, event = watcher.attributes.get("status", ""), watcher.attributes.get("event", "")
            if status not in STATES:
                return root, f"status of a watcher is {status[:40]!r}"
            if event not in EVENTS:
                return root, f"event of a watcher is {event[:40]!r}"
            if not watcher.attributes.get("id"):
                return root, "a watcher has no id"
    return root, ""


def list_problem(body: bytes) -> str:
    """Return what is wrong with resource list meta-information, empty where nothing is.

    Raises:
        NotReadError: It is beyond what is read here.
    """
    try:
        root = read_xml(body)
    except NotWellFormedError as error:
        return f"no XML: {error}"
    if root.name != f"{LIST} list":
        return f"the root is {root.name[:80]}"
    for name in ("uri", "version", "fullState"):
        if not root.attributes.get(name):
            return f"list has no {name}"
    for resource in root.all(f"{LIST} resource"):
        if not resource.attributes.get("uri"):
            return "a resource has no uri"
        for instance in resource.all(f"{LIST} instance"):
            if not instance.attributes.get("id"):
                return "an instance has no id"
            if instance.attributes.get("state") not in ("active", "pending", "terminated"):
                return f"state of an instance is {instance.attributes.get('state', '')[:40]!r}"
    return ""


__all__ = ["NotReadError", "NotWellFormedError", "list_problem", "pidf_problem", "read_watchers", "says_open"]
