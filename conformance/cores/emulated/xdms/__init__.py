"""The XDMS: an XCAP server for what subscribers say of themselves (RFC 4825, 3GPP TS 24.141 6, D2.2 3.3.3.2)."""

from conformance.cores.emulated.xdms.node import run

__all__ = ["run"]
