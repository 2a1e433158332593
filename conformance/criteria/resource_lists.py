"""What RFC 4826 surely does not allow in a document of lists: its schema (3.2), and what has to be unique (3.4.5).

Not the whole schema: what is not looked at here is never accused.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.criteria.xml_tree import Element, NotReadError, NotWellFormedError, read_xml

USAGE = "resource-lists"
_NAMESPACE = "urn:ietf:params:xml:ns:resource-lists"
_INDEX = {"entry": "uri", "entry-ref": "ref", "external": "anchor", "list": "name"}
"""Attribute that tells an element from others of its kind within one parent."""
_REQUIRED = ("entry", "entry-ref")
"""Elements that must have it."""


def breach(document: bytes) -> str:
    """Say what a document breaks.

    Args:
        document: A document of the application usage `resource-lists`.

    Returns:
        The first thing that is wrong; empty where nothing is, or where the document cannot be read at all.
    """
    try:
        root = read_xml(document)
    except (NotReadError, NotWellFormedError):
        return ""
    if root.name != f"{_NAMESPACE} resource-lists":
        return f"the root is {root.local[:40]}"
    for child in root.children:
        if child.name.startswith(f"{_NAMESPACE} ") and child.local != "list":
            return f"{child.local[:40]} in the place of a list"
    return next(_breaches(root), "")


def _breaches(parent: Element) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    for child in parent.children:
        namespace, _, name = child.name.rpartition(" ")
        if namespace != _NAMESPACE:
            continue  # others may be anything
        if name not in _INDEX:
            if name != "display-name":
                yield f"{name[:40]} in a list"
            continue
        value = child.attributes.get(_INDEX[name])
        if value is None and name in _REQUIRED:
            yield f"{name} without {_INDEX[name]}"
        elif value is not None and (name, value) in seen:
            yield f"two of {name} with the same {_INDEX[name]}"
        if value is not None:
            seen.add((name, value))
        if name == "list":
            yield from _breaches(child)
