"""A tshark that hands over the messages of one capture: `tap.lua` writes them, raw, to its standard output.

It may be started before there is a capture. It then has registered its dissectors and opened its input, an empty
section of a pcapng, and waits for the next section on its standard input. When whoever started it ends, by
whatever way, that input ends too, and tshark with it.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from importlib.resources import as_file, files
from pathlib import Path
from typing import IO, BinaryIO, Final

from conformance.vocabulary.errors import NotPermitted

DECODER_OPTIONS: Final = (
    # Wireshark gives TCP ports 6000 to 6063 to X11; the second is a usual port of an S-CSCF. A hint for the
    # decoder, never for the judge: what is no SIP is none on these ports either.
    *("-d", "tcp.port==4060,sip", "-d", "tcp.port==6060,sip"),
    *("--enable-heuristic", "diameter_tcp"),
    *("-o", "esp.enable_null_encryption_decode_heuristic:TRUE"),
)
"""Options of tshark with which SIP and Diameter are found by content, and ESP without encryption is opened."""
INSTALL: Final = "install it: apt-get install tshark"
MISSING: Final = f"tshark is not installed, captures cannot be read; {INSTALL}"
_EMPTY_SECTION: Final = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28) + struct.pack(
    "<IIHHI", 4, 16, 0, 0, 16
)
"""A section header and a name resolution block without names. tshark looks at the block behind the header, whether it
describes an interface, before it calls its input opened; and only then it makes ready to dissect."""
_COMPLAINTS_AT_MOST: Final = 65_536


class Tshark:
    """One process. A context manager; `close` ends it.

    Args:
        file: The capture; None: it is fed later.
        keys: TLS key log lines, and security associations of Wireshark's `esp_sa` table.
        sip_ports: TCP ports where SIP is spoken, beside those that tshark knows.
        all_names: Name every AVP that Wireshark knows, not only those of IMS; starting takes twice as long.

    Raises:
        NotPermitted: tshark is missing.
    """

    def __init__(
        self, file: Path | None, *, keys: Path | None = None, sip_ports: Sequence[int] = (), all_names: bool = False
    ) -> None:
        self._feeder: threading.Thread | None = None
        self.is_fed = file is not None
        """It has a capture; one that has none may wait for another."""
        with ExitStack() as owned:
            tap = owned.enter_context(as_file(files("conformance.trace") / "tap.lua"))
            # An own configuration folder: the preferences of whoever runs us must not change what is decoded.
            folder = owned.enter_context(tempfile.TemporaryDirectory(prefix="netlab-tshark-"))
            self._said = owned.enter_context(tempfile.TemporaryFile())
            command = ["tshark", "-n", "-q", *DECODER_OPTIONS, *_key_options(keys, Path(folder))]
            for port in sip_ports:
                command += ["-d", f"tcp.port=={port},sip"]
            command += ["-X", f"lua_script:{tap}", *(["-X", "lua_script1:all-names"] if all_names else [])]
            try:
                self._process = subprocess.Popen(
                    [*command, "-r", "-" if file is None else str(file)],
                    stdin=subprocess.PIPE if file is None else subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=self._said,
                    env=os.environ | {"WIRESHARK_CONFIG_DIR": folder, "LC_ALL": "C.UTF-8"},
                )
            except FileNotFoundError as error:
                raise NotPermitted(MISSING) from error
            owned.callback(self._end)
            if self._process.stdin is not None:
                with suppress(BrokenPipeError):  # it has ended already: whoever feeds it finds that out
                    self._process.stdin.write(_EMPTY_SECTION)
                    self._process.stdin.flush()
            self._owned = owned.pop_all()

    @property
    def output(self) -> IO[bytes]:
        """What `tap.lua` writes."""
        assert self._process.stdout is not None
        return self._process.stdout

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def feed(self, capture: BinaryIO) -> None:
        """Give the capture to a tshark that was started without one; return at once.

        Args:
            capture: A pcapng from its first octet: only in that format one section follows another. It is read by
                another thread until tshark is closed.
        """
        self.is_fed = True
        self._feeder = threading.Thread(target=self._write, args=(capture,), name="tshark-feeder", daemon=True)
        self._feeder.start()

    def wait_for_feeder(self) -> None:
        """Wait until nothing reads the capture any more; to be called when the process has ended or was killed."""
        if self._feeder is not None:
            self._feeder.join()

    def kill(self) -> None:
        """End the process, so that its output ends. Nothing happens where it has ended."""
        self._process.kill()

    def complaints(self) -> list[str]:
        """Return the lines that it has written to its standard error, bounded; not that it runs as root."""
        self._said.seek(0)
        lines = self._said.read(_COMPLAINTS_AT_MOST).decode("utf-8", "replace").splitlines()
        return [line for line in lines if line.strip() and not line.startswith("Running as user")]

    def close(self) -> None:
        """End the process and give everything back. May be called more than once."""
        self._owned.close()

    def __enter__(self) -> Tshark:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, capture: BinaryIO) -> None:
        assert self._process.stdin is not None
        # Where it ends before it has read all, its output is not whole, and that is seen there.
        with suppress(OSError), self._process.stdin as stdin:
            shutil.copyfileobj(capture, stdin)

    def _end(self) -> None:
        self._process.kill()
        self.wait_for_feeder()
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self.output.close()
        self._process.wait()


def _key_options(keys: Path | None, folder: Path) -> list[str]:
    if keys is None:
        return []
    lines = keys.read_text(encoding="utf-8", errors="replace").splitlines()
    associations = [line for line in lines if line.startswith('"')]
    # In a file of the private folder and not on the command line, which every user of the machine can read.
    (folder / "esp_sa").write_text("\n".join([*associations, ""]))
    return ["-o", "esp.enable_encryption_decode:TRUE", "-o", f"tls.keylog_file:{keys.resolve()}"]
