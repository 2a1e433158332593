"""HTTPS of the XDMS: its certificate, and the secrets of its connections for whoever reads a capture."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path

from conformance.cores.emulated.plan import KEY_LOG
from conformance.fabric.pki import Authority, default_folder
from conformance.vocabulary.errors import TestbedDown

CA_FILE = "ca.pem"
"""In the node's folder: what a client has to trust."""


def server_context(folder: Path, names: Sequence[str], address: str) -> ssl.SSLContext:
    """Make a certificate of the harness's own authority, and what serves with it.

    Args:
        folder: the node's folder.
        names: host names of the node, first the one that the certificate is for.
        address: numeric address of the node.

    Raises:
        TestbedDown: a file cannot be written.
    """
    authority = Authority(default_folder())
    chain = authority.server_chain(names, address)
    try:
        (folder / CA_FILE).write_bytes(authority.certificate.read_bytes())
        keys = folder / KEY_LOG
        keys.touch(mode=0o600)
        pem = folder / "certificate.pem"
        pem.touch(mode=0o600)
        pem.write_bytes(chain)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(pem)
        context.keylog_filename = str(keys)
    except OSError as error:
        raise TestbedDown(
            f"{folder}: expected that a certificate and its key can be written there, found: {error}"
        ) from None
    return context
