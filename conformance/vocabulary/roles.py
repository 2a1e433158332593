"""Roles: who a node or a terminal is in a flow."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """A part that a flow is played by. One address may hold several roles."""

    UE = "ue"
    VISITED_PCSCF = "visited-pcscf"
    HOME_PCSCF = "home-pcscf"
    HOME_ICSCF = "home-icscf"
    HOME_SCSCF = "home-scscf"
    HOME_HSS = "home-hss"
    HOME_DNS = "home-dns"
    VISITED_DNS = "visited-dns"
    HOME_AS = "home-as"

    # A call has an originating and a terminating side. The names say which side a node serves in this call and not
    # whose network it is in: in a call at home one P-CSCF and one S-CSCF play both sides.
    CALLER = "caller"
    ORIG_PCSCF = "orig-pcscf"
    ORIG_SCSCF = "orig-scscf"
    ORIG_AS = "orig-as"
    ORIG_DNS = "orig-dns"
    TERM_ICSCF = "term-icscf"
    TERM_HSS = "term-hss"
    TERM_DNS = "term-dns"
    TERM_SCSCF = "term-scscf"
    TERM_AS = "term-as"
    TERM_PCSCF = "term-pcscf"
    CALLEE = "callee"
    # Where an INVITE is forked to several devices of the callee: those that the call did not come to, and the way to
    # them.
    OTHER_PCSCF = "other-pcscf"
    OTHER_CALLEE = "other-callee"

    # Presence: who publishes (and keeps rules and lists), who watches; their P- and S-CSCF are those of the two sides
    # of a call.
    PRESENTITY = "presentity"
    WATCHER = "watcher"
    PRESENCE = "home-presence"
    """Presence server or resource list server, whichever the request is for."""
    XDMS = "xdms"
    """XML document management server: documents over XCAP (RFC 4825)."""

    SIP_PROXY = "sip-proxy"
    """Plain proxy and registrar of a network without IMS (D2.2 3.3.1)."""

    IBCF = "ibcf"
    """Border control of whichever network: one procedure may pass several, and one of them more than once."""
    ADAPTER = "adapter"
    """Stands in front of a P-CSCF and rewrites what terminals with quirks send (D2.2 3.1)."""


TERMINALS = (Role.UE, Role.CALLER, Role.CALLEE, Role.OTHER_CALLEE, Role.PRESENTITY, Role.WATCHER)
"""Roles that a terminal plays."""
RELAYS = (Role.IBCF, Role.ADAPTER)
"""Nodes that relay what a flow shows as one transaction."""
