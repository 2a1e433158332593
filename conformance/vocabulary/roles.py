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
