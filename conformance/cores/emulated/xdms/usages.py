"""The application usages of the XDMS (RFC 4825 5): names, namespaces, media types, schemas and constraints."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from lxml import etree

from conformance.cores.emulated.xdms.constraints import (
    Surroundings,
    ids_are_unique,
    lists_are_unique,
    services_are_unique,
)
from conformance.protocols.xcap.errors import Conflict, ErrorElement
from conformance.protocols.xcap.safe_xml import new_element

CAPS = "xcap-caps"
RLS_SERVICES = "rls-services"
WATCHERS = "watchers"
COMMON_POLICY = "urn:ietf:params:xml:ns:common-policy"
PRES_RULES = "urn:ietf:params:xml:ns:pres-rules"

Constraint = Callable[[etree._Element, Surroundings], None]
"""Raises `Conflict` where a document does not keep what its usage demands beyond the schema."""


@dataclass(frozen=True, slots=True)
class Usage:
    """One application usage.

    Args:
        auid: its name in addresses (RFC 4825 5.1).
        namespace: what a name without a prefix means in a node selector (RFC 4825 5.2).
        media_type: of its documents.
        schema: RELAX NG schema of its documents, a file beside this one.
        constraints: what a schema cannot say.
        user_writes: whether a user may change the documents; else trusted servers alone.
    """

    auid: str
    namespace: str
    media_type: str
    schema: str
    constraints: tuple[Constraint, ...] = ()
    user_writes: bool = True

    def check(self, root: etree._Element, surroundings: Surroundings) -> None:
        """Make sure that a document is one of this usage.

        Raises:
            Conflict: schema-validation-error, uniqueness-failure or constraint-failure.
        """
        schema = _schema(self.schema)
        if not schema.validate(root):
            entry = schema.error_log.last_error
            raise Conflict(ErrorElement.SCHEMA_VALIDATION_ERROR, entry.message if entry is not None else "")
        for constraint in self.constraints:
            constraint(root, surroundings)


@cache
def _schema(name: str) -> etree.RelaxNG:
    with resources.as_file(resources.files(__package__) / "schemas") as folder:
        return etree.RelaxNG(file=str(folder / name))


_ALL = (
    Usage(CAPS, "urn:ietf:params:xml:ns:xcap-caps", "application/xcap-caps+xml", "xcap-caps.rng", (), False),
    Usage(
        "resource-lists",
        "urn:ietf:params:xml:ns:resource-lists",
        "application/resource-lists+xml",
        "resource-lists.rng",
        (lists_are_unique,),
    ),
    Usage(
        RLS_SERVICES,
        "urn:ietf:params:xml:ns:rls-services",
        "application/rls-services+xml",
        "rls-services.rng",
        (lists_are_unique, services_are_unique),
    ),
    Usage("pres-rules", PRES_RULES, "application/auth-policy+xml", "pres-rules.rng", (ids_are_unique,)),
    Usage(
        "org.openmobilealliance.pres-rules",
        COMMON_POLICY,
        "application/auth-policy+xml",
        "pres-rules.rng",
        (ids_are_unique,),
    ),
    Usage("pidf-manipulation", "urn:ietf:params:xml:ns:pidf", "application/pidf+xml", "pidf.rng", (ids_are_unique,)),
    Usage(WATCHERS, "urn:ietf:params:xml:ns:watcherinfo", "application/watcherinfo+xml", "watcherinfo.rng", (), False),
)

USAGES: Mapping[str, Usage] = {usage.auid: usage for usage in _ALL}
"""By AUID."""


def capabilities(without: Collection[str] = ()) -> bytes:
    """Return the document xcap-caps of this server (RFC 4825 12); `without` some usages, where it forgets them."""
    namespace = USAGES[CAPS].namespace
    root = new_element(f"{{{namespace}}}xcap-caps", {None: namespace})
    names = sorted({usage.namespace for usage in _ALL} | {COMMON_POLICY})
    for outer, inner, values in (
        ("auids", "auid", sorted(set(USAGES).difference(without))),
        ("extensions", "extension", []),
        ("namespaces", "namespace", names),
    ):
        parent = etree.SubElement(root, f"{{{namespace}}}{outer}")
        for value in values:
            etree.SubElement(parent, f"{{{namespace}}}{inner}").text = value
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
