"""Makes the reference captures: `python -m conformance.faults.reference` writes each `captures/*/capture.pcapng`.

One folder a case. `case.toml` says where the bytes come from (recorded files, messages that are written out, or another
case with edits), what an expert says of them and why. The same `case.toml` always gives the same bytes.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
import tomllib
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from conformance.faults.describe import edit_lines
from conformance.faults.edits import Edit
from conformance.faults.frames import split_frame
from conformance.faults.mutate import mutate
from conformance.faults.pcapfile import Packet, PacketFile, encode_pcapng, read_packets
from conformance.faults.recipe import assemble
from conformance.vocabulary.errors import BadInput, NetlabError
from conformance.vocabulary.verdicts import Verdict

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
"""Folder of the reference captures."""
CAPTURE_NAME = "capture.pcapng"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Recorded(_Model):
    """A file that was captured at one or more points."""

    file: str
    """Beside `case.toml`."""
    point: str
    """Point of every packet that `ports` does not claim."""
    ports: dict[str, str] = Field(default_factory=dict)
    """UDP or TCP port to point, where one file saw several points."""


class Case(_Model):
    """`case.toml` of one reference capture."""

    title: str
    origin: str
    """Who made the bytes, one sentence."""
    why: str
    """What an expert says of the capture and why, with the clause."""
    base: str | None = None
    """Folder of the case that the edits change."""
    recorded: tuple[Recorded, ...] = ()
    """Recorded files, merged by time; without them and without `base`, `packets.toml` is assembled."""
    points: tuple[str, ...] = ()
    """Order of the interfaces of a recorded case."""
    expected: dict[str, Verdict]
    """Verdict by criterion id; a criterion that is not named must not be FAIL."""
    also: dict[str, str] = Field(default_factory=dict)
    """Other criteria that fail for the same reason: id and why that cannot be otherwise."""
    federation: str | None = None
    """File above the case that says whose domain is whose, where the verdicts need it."""
    flow: str | None = None
    """The flow to judge where the capture has other procedures as well, or where not all is as the terminal wished."""
    edit: tuple[Edit, ...] = ()

    @model_validator(mode="after")
    def _edits_need_a_base(self) -> Case:
        if bool(self.edit) != (self.base is not None):
            raise ValueError("`base` and `edit` go together")
        return self


def cases(captures: Path = CAPTURES) -> tuple[str, ...]:
    """Return the folder names of all cases, in order."""
    return tuple(sorted(path.parent.name for path in captures.glob("*/case.toml")))


def load_case(name: str, captures: Path = CAPTURES) -> Case:
    """Read one `case.toml`.

    Raises:
        BadInput: it is not there, or not as `Case` says.
    """
    path = captures / name / "case.toml"
    try:
        return Case.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise BadInput(f"{path}: {' '.join(str(error).split())}") from error


def _point_of(packet: Packet, recorded: Recorded) -> str:
    if not recorded.ports:
        return recorded.point  # also of a later fragment, which has no ports
    frame = split_frame(packet.data)
    ports = (str(frame.source[1]), str(frame.destination[1]))
    return next((recorded.ports[port] for port in ports if port in recorded.ports), recorded.point)


def build(name: str, captures: Path = CAPTURES) -> PacketFile:
    """Make the packets of a case.

    Args:
        name: folder of the case.
        captures: folder of all cases.

    Returns:
        The capture, as `encode_pcapng` writes it.

    Raises:
        BadInput: `case.toml`, a file that it names, or an edit is wrong.
    """
    case = load_case(name, captures)
    if case.base is not None:
        try:
            return mutate(build(case.base, captures), case.edit)
        except BadInput as error:
            raise BadInput(f"{captures / name / 'case.toml'}: {error}") from error
    if not case.recorded:
        return assemble(captures / name)
    packets = [
        Packet(_point_of(packet, recorded), packet.time_ns, packet.data)
        for recorded in case.recorded
        for packet in read_packets(captures / name / recorded.file).packets
    ]
    packets.sort(key=lambda packet: packet.time_ns)
    return PacketFile(case.points, tuple(packets), None)


def readme(name: str, captures: Path = CAPTURES) -> str:
    """Return the text of a case's README.md: what it is, where its bytes come from, what an expert says."""
    case = load_case(name, captures)
    lines = [f"# {case.title}", "", *textwrap.wrap(" ".join(case.why.split()), 118), ""]
    lines += [*textwrap.wrap(f"Bytes: {' '.join(case.origin.split())}", 118), ""]
    for verdict in dict.fromkeys(case.expected.values()):
        criteria = ", ".join(criterion for criterion, given in case.expected.items() if given is verdict)
        lines += textwrap.wrap(f"- {verdict}: {criteria}", 118, subsequent_indent="  ", break_on_hyphens=False)
    lines += [f"- {criterion}: FAIL as well: {reason}" for criterion, reason in case.also.items()]
    lines += ["- No other criterion is FAIL."]
    if case.federation is not None:
        lines += [f"- Judged with `--federation captures/{case.federation}`."]
    if case.flow is not None:
        lines += [f"- Judged with `--flow {case.flow}`."]
    if case.base is not None:
        lines += [
            "",
            f"Made from [{case.base}](../{case.base}/README.md); frame numbers are those of that capture:",
            "",
        ]
        lines += [line for edit in case.edit for line in edit_lines(edit)]
    return "\n".join(lines) + "\n"


def overview(captures: Path = CAPTURES) -> str:
    """Return the text of the README.md above all cases: what lies here, and where each criterion passes and fails."""
    found = {name: load_case(name, captures) for name in cases(captures)}
    lines = [
        "# Reference captures",
        "",
        "One folder a case: `capture.pcapng` (one interface an observation point), `case.toml` (where its bytes come",
        "from and what an expert says of it), `README.md` (the same for people). None was made with the codec of the",
        "harness: the bytes are recorded from other programs, or written out as text and annotated octets, or made",
        "from one of these by changes octet by octet.",
        "",
        "    python -m conformance.faults.reference       # makes every capture and README anew, with the same bytes",
        "    netlab validate captures/CASE/capture.pcapng",
        "",
        "| criterion | passes in | fails in |",
        "|---|---|---|",
    ]
    for criterion in sorted({criterion for case in found.values() for criterion in case.expected}):
        cells = [
            ", ".join(f"[{n}]({n}/README.md)" for n, case in found.items() if case.expected.get(criterion) is verdict)
            for verdict in (Verdict.PASS, Verdict.FAIL)
        ]
        lines.append(f"| {criterion} | {cells[0]} | {cells[1]} |")
    lines += ["", "All cases:", "", *(f"- [{case.title}]({name}/README.md)" for name, case in found.items())]
    return "\n".join(lines) + "\n"


def write(name: str, captures: Path = CAPTURES) -> Path:
    """Write capture and README of a case; arguments and errors as in `build`.

    Returns:
        Path of the capture.
    """
    path = captures / name / CAPTURE_NAME
    path.write_bytes(encode_pcapng(build(name, captures)))
    (captures / name / "README.md").write_text(readme(name, captures), "utf-8")
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the reference captures.

    Args:
        arguments: names of cases; none means all.

    Returns:
        Exit code of `netlab`.
    """
    parser = argparse.ArgumentParser(prog="python -m conformance.faults.reference", description=main.__doc__)
    parser.add_argument("case", nargs="*", help="folder names below captures/; all without it")
    chosen = parser.parse_args(arguments).case or cases()
    try:
        if not CAPTURES.is_dir():
            raise BadInput(f"{CAPTURES}: no such folder; the reference captures are in a checkout only: run it there")
        for name in chosen:
            write(name)
        (CAPTURES / "README.md").write_text(overview(), "utf-8")
    except NetlabError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    print(f"{len(chosen)} captures written below {CAPTURES.name}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
