"""`netlab terminal list|show|identify`: profiles of terminals, and the terminals of a capture."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from conformance.identifying import identify
from conformance.quirks.catalogue import Cure, Quirk, all_quirks
from conformance.quirks.profiles import profile_named, profile_names
from conformance.report.terminal_text import identification_lines, profile_text, terminal_name
from conformance.report.text import visible
from conformance.terminals.specimen import first_register
from conformance.vocabulary.errors import BadInput, Exit
from conformance.vocabulary.identified import Identification, TerminalResult

WIDTH = 110
NOTHING = "no terminal was found: expected REGISTERs with one Via, as a terminal sends them"


def add(commands: Any) -> None:
    """Declare the command and its parts."""
    command: argparse.ArgumentParser = commands.add_parser("terminal", help="profiles and quirks of terminals")
    parts = command.add_subparsers(metavar="PART", required=True)
    listed = parts.add_parser("list", help="list profiles and quirks")
    listed.set_defaults(execute=_list, passes_options_on=False)
    show = parts.add_parser("show", help="show a profile: its quirks, what each breaks, blocks and is cured by")
    show.add_argument("name", metavar="NAME", help="standard, symbian-s60, standard+Q4, phone.toml")
    show.set_defaults(execute=_show, passes_options_on=False)
    identified = parts.add_parser(
        "identify",
        help="find the quirks of the terminals in captures",
        epilog="Exit code: 0 terminals were found, 2 usage or unreadable, 4 tshark is missing, 5 none was found.",
    )
    identified.add_argument("captures", nargs="+", type=Path, metavar="CAPTURE", help="files of one and the same event")
    identified.add_argument("--federation", type=Path, metavar="FILE", help="names of the networks, secrets")
    identified.add_argument("--keys", type=Path, metavar="FILE", help="TLS key log lines and ESP security associations")
    identified.add_argument("--write", type=Path, metavar="FILE", help="write a profile file that reproduces it")
    identified.add_argument("--terminal", metavar="TEXT", help="of several the one with this address or identity")
    identified.add_argument("--json", action="store_true", help="print one JSON object")
    identified.set_defaults(execute=_identify, passes_options_on=False)


def _list(arguments: argparse.Namespace, rest: list[str]) -> int:
    print("Profiles (and any of them with quirks behind it: standard+Q4):")
    for name in profile_names():
        profile = profile_named(name)
        print(f"  {name:20} {profile.title}")
        print(f"  {'':20} {' '.join(quirk.id for quirk in profile.quirks) or 'no quirk'}")
        if profile.impossible:
            print(f"  {'':20} impossible: {profile.impossible}")
    print("Quirks:")
    for quirk in all_quirks().values():
        print(f"  {quirk.id:4} {quirk.severity:9} {quirk.title}{'' if quirk.on_wire else ' (in no message)'}")
    return int(Exit.AS_EXPECTED)


def _show(arguments: argparse.Namespace, rest: list[str]) -> int:
    profile = profile_named(arguments.name)
    print(f"{visible(profile.name)}: {visible(profile.title)}")
    _print_wrapped(visible(profile.words), "  ")
    if profile.impossible:
        _print_wrapped(f"No terminal can be that: {visible(profile.impossible)}", "  ")
    for quirk in profile.quirks:
        print(f"{quirk.id} {quirk.title} ({quirk.severity})")
        for line in _told(quirk):
            _print_wrapped(line, "    ")
    if not profile.impossible:
        print("Its first REGISTER:")
        for text in first_register(profile).decode("latin-1").rstrip("\r\n").splitlines():
            print(f"    {text}")
    return int(Exit.AS_EXPECTED)


def _told(quirk: Quirk) -> Iterator[str]:
    yield quirk.words
    for evidence in quirk.evidence:
        yield f"known from {evidence.known}: {evidence.where}"
    yield f"breaks: {', '.join(quirk.breaks) or 'no criterion'}"
    yield f"blocks registration at: {', '.join(quirk.blocks) or 'no core that is known'}"
    yield f"cured by: {'nothing that is known' if quirk.cure is Cure.NONE else f'the adapter ({quirk.cure})'}"
    if quirk.advice:
        yield f"at the terminal: {quirk.advice}"


def _print_wrapped(text: str, indent: str) -> None:
    for line in textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_on_hyphens=False
    ):
        print(line)


def _identify(arguments: argparse.Namespace, rest: list[str]) -> int:
    target: Path | None = arguments.write
    if target is not None:
        _check_target(target)  # said before anything is read
    found = identify(*arguments.captures, federation=arguments.federation, keys=arguments.keys)
    if arguments.terminal:
        found = _only(found, arguments.terminal)
    if not found.terminals:
        print(f"netlab: {NOTHING}", file=sys.stderr)
        return int(Exit.NOTHING)
    if target is not None:
        names = [capture.name for capture in arguments.captures]
        _write(target, lambda: profile_text(_single(found), names))
    if arguments.json:
        print(found.model_dump_json(by_alias=True))
    else:
        for line in identification_lines(found):
            print(line)
        if target is not None:
            print(f"{visible(str(target))} is written: netlab terminal show {visible(str(target))}")
    return int(Exit.AS_EXPECTED)


def _only(found: Identification, text: str) -> Identification:
    terminals = [one for one in found.terminals if text in one.endpoint or any(text in name for name in one.identities)]
    if found.terminals and not terminals:
        known = "; ".join(terminal_name(one) for one in found.terminals[:5])
        raise BadInput(f"--terminal {text[:60]}: no terminal has that in its address or identities; found {known}")
    return found.model_copy(update={"terminals": terminals})


def _single(found: Identification) -> TerminalResult:
    """Return the terminal that a profile is written of: the only one, or one of several that all show the same."""
    profiles = {one.profile for one in found.terminals}
    if len(profiles) > 1:
        known = "; ".join(terminal_name(one) for one in found.terminals[:5])
        count = len(found.terminals)
        raise BadInput(f"--write: {count} terminals with different quirks; say which by --terminal TEXT, of: {known}")
    return found.terminals[0]


def _check_target(file: Path) -> None:
    if file.suffix != ".toml":
        raise BadInput(f"--write {file}: expected a name that ends with .toml, by which a profile file is known")
    if file.exists() or file.is_symlink():
        raise BadInput(f"--write {file}: there is such a file already; choose another name or remove it")


def _write(file: Path, text: Callable[[], str]) -> None:
    content = text()
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(content)
    except FileExistsError:
        raise BadInput(f"--write {file}: there is such a file already; choose another name or remove it") from None
    except OSError as error:
        raise BadInput(f"--write {file}: cannot be written ({error.strerror}); expected an existing folder") from None
