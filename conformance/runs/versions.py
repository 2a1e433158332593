"""Which software a run was made with."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "pytest",
    "scapy",
    "pyshark",
    "dnspython",
    "jinja2",
    "allure-pytest",
    "python-diameter",
    "sipmessage",
)
PROGRAMS = ("tshark", "dumpcap", "openvpn")


def program_version(name: str) -> str | None:
    """Return the version number that `name --version` prints, None where the program is missing."""
    program = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        return None
    text = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    found = re.search(r"\d+\.\d+(\.\d+)?", text)
    return found.group(0) if found else "unknown"


def tool_versions() -> dict[str, str]:
    """Return the versions of Python, of the programs and of the packages that decide a verdict."""
    versions = {"python": platform.python_version(), "kernel": platform.release()}
    versions |= {name: program_version(name) or "missing" for name in PROGRAMS}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "missing"
    return versions


def git_commit() -> str | None:
    """Return the commit of the checkout that the package runs from, None where it is not a checkout."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists() or shutil.which("git") is None:
        return None
    done = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=20, check=False
    )
    return done.stdout.strip() or None
