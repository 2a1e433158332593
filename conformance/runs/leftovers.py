"""What an earlier, killed run left behind: nodes, unfinished captures, and a report that does not say so."""

from __future__ import annotations

import shutil
from pathlib import Path

from conformance.cores.emulated.process_list import end_leftovers
from conformance.fabric import registry
from conformance.runs.bench import remove_databases
from conformance.runs.folder import NODES, RUN_FILE, SPOOL, RunFolder, read_lines
from conformance.runs.publish import publish
from conformance.terminals.programs.private_folder import clear_private_folders
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.results import RunFooter


def clear_leftovers(reports: Path) -> list[str]:
    """End the nodes of dead runs, remove their labs and unfinished captures, and publish what they had finished.

    The nodes of a killed run end by themselves, but a run that starts at once must not meet them.

    Args:
        reports: folder of all runs.

    Returns:
        The names of the runs that were found cut short and had not been tidied yet.
    """
    clear_private_folders()
    registry.clear_dead()
    found = []
    for file in sorted(reports.glob(f"*/{RUN_FILE}")):
        folder = file.parent
        spool = folder / SPOOL
        if folder.is_symlink() or not spool.is_dir() or RunFolder(folder).is_under_way:
            continue
        for nodes in (folder / NODES).glob("worker-*"):
            end_leftovers(nodes)
            remove_databases(nodes)
        shutil.rmtree(spool)
        try:
            cut_short = not any(isinstance(entry, RunFooter) for entry in read_lines(folder))
            if cut_short:
                publish(folder)
                found.append(folder.name)
        except BadInput:
            continue  # not a run that we can read: nothing of ours to publish
    return found
