"""A CSCF that is played by Kamailio: its configuration, its process, and its control channel."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from conformance.cores.emulated.node import NodeContext
from conformance.cores.kamailio import rpc
from conformance.cores.kamailio.node_control import NodeControl
from conformance.cores.kamailio.render import cscf_files
from conformance.cores.kamailio.server import installed_modules, serve
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.federation import NodeKind

_DATABASES = {
    NodeKind.PCSCF: "pua.sqlite",
    NodeKind.ICSCF: "icscf.sqlite",
    NodeKind.SCSCF: "presence.sqlite",
}
_ICSCF_TABLES = """
CREATE TABLE s_cscf (id INTEGER PRIMARY KEY, name TEXT NOT NULL, s_cscf_uri TEXT NOT NULL);
CREATE TABLE s_cscf_capabilities (id INTEGER PRIMARY KEY, id_s_cscf INTEGER NOT NULL, capability INTEGER NOT NULL);
CREATE TABLE nds_trusted_domains (id INTEGER PRIMARY KEY, trusted_domain TEXT NOT NULL);
INSERT INTO s_cscf_capabilities VALUES (1, 1, 0);
"""
"""What an I-CSCF reads at its start: the S-CSCFs of its network, and whom it trusts."""
_PACKAGED_SQL = Path("/usr/share/kamailio/db_sqlite")


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    files = cscf_files(context.federation, context.testbed, context.kind, installed_modules(context))
    _make_databases(context)
    await serve(context, files, Control(context).answer)


def _make_databases(context: NodeContext) -> None:
    """Make the databases that Kamailio's modules insist on; what is in them outlives no start."""
    path = context.folder / _DATABASES[context.kind]
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        if context.kind is NodeKind.ICSCF:
            database.executescript(_ICSCF_TABLES)
            database.execute("INSERT INTO s_cscf VALUES (1, 'S-CSCF', ?)", (context.testbed.uri(NodeKind.SCSCF),))
            database.execute("INSERT INTO nds_trusted_domains VALUES (1, ?)", (context.testbed.domain,))
            database.commit()
            return
        for part in ("standard", "presence"):
            script = _PACKAGED_SQL / f"{part}-create.sql"
            try:
                database.executescript(script.read_text(encoding="utf-8"))
            except OSError:
                raise TestbedDown(f"{script}: expected the tables of Kamailio's package, found no such file") from None


class Control(NodeControl):
    """Answers what the harness asks a CSCF: whether it has work under way, and whom it knows."""

    async def is_busy(self) -> bool:
        """Tell whether a transaction waits for its end, or a NOTIFY for being sent."""
        if await super().is_busy():
            return True
        if self._context.kind is not NodeKind.SCSCF:
            return False
        counted = await rpc.call(self._context.folder, "stats.fetchn", "ims_registrar_scscf:notifies_in_q")
        return any(int(number) > 0 for number in (counted or {}).values())

    async def users(self) -> list[str]:
        """Return whom it knows: of an S-CSCF also who is registered no longer and whose subscriptions are left.

        A P-CSCF names nobody; so it is told how many contacts it has.
        """
        if self._context.kind is NodeKind.PCSCF:
            status = await rpc.call(self._context.folder, "ulpcscf.status")
            records = _number(status, "Records")
            return [f"somebody ({records} contacts)"] if records else []
        if self._context.kind is NodeKind.ICSCF:
            return []
        known = []
        for identity in self.default_identities():
            shown = await rpc.call(self._context.folder, "ulscscf.showimpu", identity)
            if isinstance(shown, dict) and shown:
                known.append(identity)
        return known


def _number(tree: object, key: str) -> int:
    """Return the number that stands under a key, wherever in an answer."""
    if isinstance(tree, dict):
        if isinstance(tree.get(key), int):
            return int(tree[key])
        return sum(_number(branch, key) for branch in tree.values())
    if isinstance(tree, list):
        return sum(_number(branch, key) for branch in tree)
    return 0
