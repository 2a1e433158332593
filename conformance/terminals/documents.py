"""A user's documents at the XDMS: who may watch, presence that stays, the buddy list, the list that is watched.

RFC 5025 and RFC 4745 say what rules look like, RFC 4826 lists, RFC 4827 where presence is that stays. What is stored
here is removed by `clear`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from xml.sax.saxutils import escape, quoteattr

from conformance.terminals.presence_documents import PIDF_TYPE, PresenceState, WatcherInfo, read_winfo, write_pidf
from conformance.terminals.presence_failures import PresenceRefused
from conformance.terminals.xcap_client import ATTRIBUTE, ELEMENT, XcapAnswer, XcapClient

PRES_RULES = "pres-rules"
PIDF_MANIPULATION = "pidf-manipulation"
RESOURCE_LISTS = "resource-lists"
RLS_SERVICES = "rls-services"
WATCHERS = "watchers"
RULES_TYPE = "application/auth-policy+xml"
LISTS_TYPE = "application/resource-lists+xml"
SERVICES_TYPE = "application/rls-services+xml"

_POLICY_NS = "urn:ietf:params:xml:ns:common-policy"
_RULES_NS = "urn:ietf:params:xml:ns:pres-rules"
_LISTS_NS = "urn:ietf:params:xml:ns:resource-lists"
_SERVICES_NS = "urn:ietf:params:xml:ns:rls-services"
_BINDINGS = f"xmlns(cp={_POLICY_NS})xmlns(pr={_RULES_NS})"


class Handling(StrEnum):
    """What becomes of a subscription (RFC 5025 3.2.1)."""

    ALLOW = "allow"
    CONFIRM = "confirm"
    BLOCK = "block"
    POLITE_BLOCK = "polite-block"


class Documents:
    """The documents of one user.

    Args:
        client: reaches the XDMS.
    """

    def __init__(self, client: XcapClient) -> None:
        self.client = client
        self._stored: dict[str, None] = {}
        """Paths of what was put, in order."""

    def decide(self, handling: Handling | str, *watchers: str) -> XcapAnswer:
        """Store rules that hold one decision; those before are replaced. Raises PresenceFailed.

        Args:
            handling: what becomes of their subscriptions.
            watchers: public user identities; none: everybody.
        """
        rule = _rule(Handling(handling), watchers)
        document = f'<cp:ruleset xmlns:cp="{_POLICY_NS}" xmlns:pr="{_RULES_NS}">{rule}</cp:ruleset>'
        return self._put(self.client.document(PRES_RULES), document, RULES_TYPE)

    def allow(self, *watchers: str) -> XcapAnswer:
        """Let somebody watch. As `decide`."""
        return self.decide(Handling.ALLOW, *watchers)

    def block(self, *watchers: str) -> XcapAnswer:
        """Refuse somebody. As `decide`."""
        return self.decide(Handling.BLOCK, *watchers)

    def change_rule(self, handling: Handling | str, watcher: str) -> XcapAnswer:
        """Replace the one rule of the stored document by its node selector: one element is sent. Raises PresenceFailed.

        Args:
            handling: what becomes of the watcher's subscription from now on.
            watcher: public user identity.
        """
        rule = _rule(Handling(handling), (watcher,), namespaces=True)
        path = self.client.document(PRES_RULES)
        selector = 'cp:ruleset/cp:rule[@id="watchers"]'
        return self.client.put(path, rule.encode(), ELEMENT, node=selector, query=_BINDINGS)

    def rules(self) -> XcapAnswer:
        """Fetch the rules."""
        return self.client.get(self.client.document(PRES_RULES))

    def keep_presence(self, state: PresenceState) -> XcapAnswer:
        """Store presence that stays, whether a device publishes or not (RFC 4827). Raises PresenceFailed."""
        path = self.client.document(PIDF_MANIPULATION)
        self._stored[path] = None
        return self.client.put(path, write_pidf(self.client.place.user, "-stays", state), PIDF_TYPE)

    def drop_presence(self) -> XcapAnswer:
        """Remove the presence that stays. Raises PresenceFailed."""
        return self.client.delete(self.client.document(PIDF_MANIPULATION))

    def watchers(self) -> WatcherInfo:
        """Fetch who watches the user, as the presence server has written it down.

        Raises:
            PresenceFailed: it cannot be had; 404 where nobody has watched yet.
            ValueError: it is no document of watcher information.
        """
        return read_winfo(self.client.get(self.client.document(WATCHERS)).body)

    def keep_buddies(self, name: str, members: Sequence[str]) -> XcapAnswer:
        """Store a buddy list (RFC 4826 3). Raises PresenceFailed.

        Args:
            name: of the list.
            members: public user identities.
        """
        entries = "".join(f"<entry uri={quoteattr(member)}/>" for member in members)
        document = f'<resource-lists xmlns="{_LISTS_NS}"><list name={quoteattr(name)}>{entries}</list></resource-lists>'
        return self._put(self.client.document(RESOURCE_LISTS), document, LISTS_TYPE)

    def add_buddy(self, name: str, member: str) -> XcapAnswer:
        """Add one entry to a stored list by its node selector. Raises PresenceFailed."""
        path = self.client.document(RESOURCE_LISTS)
        selector = f'resource-lists/list[@name="{name}"]/entry[@uri="{member}"]'
        entry = f"<entry uri={quoteattr(member)}/>"
        return self.client.put(path, entry.encode(), ELEMENT, node=selector)

    def remove_buddy(self, name: str, member: str) -> XcapAnswer:
        """Remove one entry of a stored list by its node selector. Raises PresenceFailed."""
        selector = f'resource-lists/list[@name="{name}"]/entry[@uri="{member}"]'
        return self.client.delete(self.client.document(RESOURCE_LISTS), node=selector)

    def rename_list(self, name: str) -> XcapAnswer:
        """Give the first stored list another name: one attribute is sent. Raises PresenceFailed.

        The list is chosen by its place: by its name the new attribute could not be found again (RFC 4825 8.2.7).
        """
        path = self.client.document(RESOURCE_LISTS)
        return self.client.put(path, name.encode(), ATTRIBUTE, node="resource-lists/list[1]/@name")

    def buddies(self) -> XcapAnswer:
        """Fetch the buddy lists."""
        return self.client.get(self.client.document(RESOURCE_LISTS))

    def offer_list(self, uri: str, members: Sequence[str]) -> XcapAnswer:
        """Store a list service: who subscribes to its URI is told of all members (RFC 4826 4). Raises PresenceFailed.

        Args:
            uri: SIP URI of the service, in the own domain.
            members: public user identities.
        """
        entries = "".join(f'<entry xmlns="{_LISTS_NS}" uri={quoteattr(member)}/>' for member in members)
        return self._offer(uri, f"<list>{entries}</list>")

    def offer_buddies(self, uri: str, name: str) -> XcapAnswer:
        """Store a list service whose list is a stored buddy list. As `offer_list`.

        Args:
            uri: SIP URI of the service.
            name: of the buddy list, a word.
        """
        where = f"{self.client.place.root}/{self.client.document(RESOURCE_LISTS)}"
        selector = f"resource-lists/list%5b@name=%22{name}%22%5d"
        return self._offer(uri, f"<resource-list>{escape(where)}/~~/{selector}</resource-list>")

    def _offer(self, uri: str, the_list: str) -> XcapAnswer:
        document = (
            f'<rls-services xmlns="{_SERVICES_NS}"><service uri={quoteattr(uri)}>{the_list}'
            "<packages><package>presence</package></packages></service></rls-services>"
        )
        return self._put(self.client.document(RLS_SERVICES), document, SERVICES_TYPE)

    def clear(self) -> None:
        """Remove every document that was stored; one that is gone already is gone. Raises PresenceFailed."""
        for path in list(self._stored):
            with suppress(PresenceRefused):
                self.client.delete(path)
            del self._stored[path]

    def _put(self, path: str, document: str, content_type: str) -> XcapAnswer:
        self._stored[path] = None
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n{document}'.encode()
        return self.client.put(path, body, content_type)


def _rule(handling: Handling, watchers: Sequence[str], *, namespaces: bool = False) -> str:
    """Return the one rule that documents have here; what is allowed is everything."""
    declared = f' xmlns:cp="{_POLICY_NS}" xmlns:pr="{_RULES_NS}"' if namespaces else ""
    who = "".join(f"<cp:one id={quoteattr(watcher)}/>" for watcher in watchers) or "<cp:many/>"
    everything = (
        "<pr:provide-services><pr:all-services/></pr:provide-services>"
        "<pr:provide-persons><pr:all-persons/></pr:provide-persons>"
        "<pr:provide-devices><pr:all-devices/></pr:provide-devices><pr:provide-all-attributes/>"
    )
    return (
        f'<cp:rule id="watchers"{declared}><cp:conditions><cp:identity>{who}</cp:identity></cp:conditions>'
        f"<cp:actions><pr:sub-handling>{escape(handling)}</pr:sub-handling></cp:actions>"
        f"<cp:transformations>{everything if handling is Handling.ALLOW else ''}</cp:transformations></cp:rule>"
    )
