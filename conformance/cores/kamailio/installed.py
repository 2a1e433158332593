"""What has to be installed for real servers, and how its absence is told."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from conformance.vocabulary.errors import NotPermitted, TestbedDown

PACKAGES = (
    "kamailio",
    "kamailio-ims-modules",
    "kamailio-presence-modules",
    "kamailio-sqlite-modules",
    "kamailio-mysql-modules",
    "kamailio-xml-modules",
    "bind9",
    "mariadb-server",
)
"""Debian's packages; the configurations are written for the Kamailio of Debian 12."""
VERSION = (5, 6)
"""Major and minor number of the Kamailio that the configurations are written for."""
_MODULES = (
    *("ims_icscf", "ims_registrar_scscf", "ims_registrar_pcscf", "ims_isc", "db_sqlite"),
    *("presence", "presence_xml", "pua", "rls", "xcap_server", "db_mysql", "xmlops"),
)
_ADVICE = f"apt-get install --no-install-recommends {' '.join(PACKAGES)}"


def modules_folder() -> Path | None:
    """Return where Kamailio's modules are, None where there are none."""
    found = sorted(Path("/usr").glob("lib*/*/kamailio/modules")) + sorted(Path("/usr").glob("lib*/kamailio/modules"))
    return next((folder for folder in found if (folder / "tm.so").exists()), None)


def require_programs() -> None:
    """Return where Kamailio of the expected version, its modules and BIND are there, and may be started.

    Raises:
        TestbedDown: one of them is missing or has another version.
        NotPermitted: the programs cannot be given namespaces of their own.
    """
    for program in ("kamailio", "named"):
        if shutil.which(program) is None:
            raise TestbedDown(f"core kamailio: expected the program {program}, found none; run: {_ADVICE}")
    check_version(_version_line())
    modules = modules_folder()
    missing = [name for name in _MODULES if modules is None or not (modules / f"{name}.so").exists()]
    if missing:
        raise TestbedDown(f"core kamailio: expected Kamailio's module {missing[0]}, found none; run: {_ADVICE}")
    if os.geteuid() != 0:
        raise NotPermitted(
            "core kamailio: expected to be root, which gives every server namespaces of its own; "
            "start as root, or use --core emulated"
        )


def check_version(line: str) -> None:
    """Accept or refuse what `kamailio -v` says in its first line.

    Raises:
        TestbedDown: it is another version than the configurations are written for.
    """
    found = re.search(r"kamailio (\d+)\.(\d+)", line)
    if found is None or (int(found[1]), int(found[2])) != VERSION:
        expected = ".".join(map(str, VERSION))
        raise TestbedDown(
            f"core kamailio: expected Kamailio {expected}, whose modules the configurations are written for, "
            f"found {line[:80]!r}; install Debian 12's package, or use --core emulated"
        )


def _version_line() -> str:
    said = subprocess.run(["kamailio", "-v"], capture_output=True, text=True, errors="replace", check=False)
    return (said.stdout or said.stderr).partition("\n")[0]
