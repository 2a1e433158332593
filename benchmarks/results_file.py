"""`benchmarks/RESULTS.md`: each benchmark keeps one section of it up to date and leaves the others alone."""

from __future__ import annotations

import datetime
import os
import platform
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
_HEAD = (
    "# What was measured\n\nEach section is written by the command that it names; run it again to renew the figures.\n"
)


def write_section(title: str, body: str, file: Path = RESULTS) -> None:
    """Write or replace the section with that title.

    Args:
        title: Heading of the section, without the hash signs.
        body: Its text in Markdown, without a heading of the same or a higher level.
        file: The results file; made where there is none.
    """
    text = file.read_text(encoding="utf-8") if file.exists() else _HEAD
    head, *sections = text.split("\n## ")
    kept = [section for section in sections if section.partition("\n")[0] != title]
    kept.append(f"{title}\n\n{body.strip()}\n")
    file.write_text(f"{head.strip()}\n\n## " + "\n\n## ".join(s.strip() for s in sorted(kept)) + "\n", encoding="utf-8")


def machine() -> str:
    """Return one line on when and where figures were taken; no host name."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    return f"{today}, {os.cpu_count()} cores of {model}, Linux {platform.release()}, Python {platform.python_version()}"
