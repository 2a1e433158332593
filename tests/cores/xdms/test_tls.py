"""The certificate of an XDMS and what it leaves in the node's folder."""

from __future__ import annotations

import ssl
import stat
from pathlib import Path

import pytest

from conformance.cores.emulated.plan import KEY_LOG
from conformance.cores.emulated.xdms.tls import CA_FILE, server_context
from conformance.fabric.pki import Authority, default_folder
from conformance.vocabulary.errors import TestbedDown


def test_clients_find_the_authority_beside_the_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    node = tmp_path / "node"
    node.mkdir()
    context = server_context(node, ["xdms.x.test"], "127.0.0.1")
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.keylog_filename == str(node / KEY_LOG)
    assert (node / CA_FILE).read_bytes() == Authority(default_folder()).certificate.read_bytes()
    secret = {stat.S_IMODE((node / name).stat().st_mode) for name in (KEY_LOG, "certificate.pem")}
    assert secret == {0o600}


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(TestbedDown, match="expected that a certificate and its key can be written there"):
        server_context(tmp_path / "missing", ["xdms.x.test"], "127.0.0.1")
