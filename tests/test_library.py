"""`from conformance import validate`: what a program gets."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import conformance
from conformance import validate
from conformance.cli import main
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.results import Judgement
from conformance.vocabulary.verdicts import Verdict

CAPTURES = Path(__file__).parents[1] / "captures"
NO_SERVICE_ROUTE = CAPTURES / "REG-38-fail-no-service-route" / "capture.pcapng"
CONFORMING = CAPTURES / "handbuilt-registration-home" / "capture.pcapng"
FEDERATION = CAPTURES / "ims-b.toml"


def test_a_failure_says_which_criterion_which_node_and_what_was_found() -> None:
    judgement = validate(str(NO_SERVICE_ROUTE))
    assert isinstance(judgement, Judgement)
    assert judgement.verdict is Verdict.FAIL
    (failure,) = judgement.failures
    assert (failure.id, failure.node, failure.found) == ("REG-38", "home-scscf", "no Service-Route")
    assert [procedure.failures for procedure in judgement.procedures] == [[failure]]


def test_what_conforms_has_no_failures() -> None:
    judgement = validate(CONFORMING, federation=FEDERATION, flow="registration-home")
    assert (judgement.verdict, judgement.failures) == (Verdict.PASS, [])


def test_str_is_the_text_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(NO_SERVICE_ROUTE)]) == 1
    assert capsys.readouterr().out == f"{validate(NO_SERVICE_ROUTE)}\n"


def test_the_json_of_the_command_is_the_judgement_without_its_ladders(capsys: pytest.CaptureFixture[str]) -> None:
    main(["validate", "--json", str(NO_SERVICE_ROUTE)])
    whole = validate(NO_SERVICE_ROUTE).model_dump(mode="json", by_alias=True)
    for procedure in whole["procedures"]:
        del procedure["ladder"]
    assert json.loads(capsys.readouterr().out) == whole


def test_a_mistake_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no capture was given"):
        validate()
    with pytest.raises(BadInput, match="registration-hom"):
        validate(tmp_path / "none", flow="registration-hom")
    with pytest.raises(BadInput, match=r"none\.toml"):
        validate(tmp_path / "none", federation=tmp_path / "none.toml")
    with pytest.raises(BadInput, match="keys"):
        validate(tmp_path / "none", keys=tmp_path / "keys")
    with pytest.raises(BadInput, match="none: cannot be read"):
        validate(tmp_path / "none")


def test_it_can_be_called_inside_an_event_loop() -> None:
    async def judged() -> Judgement:
        return validate(NO_SERVICE_ROUTE)

    (failure,) = asyncio.run(judged()).failures
    assert failure.evidence[0].confirmed, "Wireshark was not asked"


def test_a_procedure_that_left_the_flow_says_where() -> None:
    (procedure,) = validate(CONFORMING, flow="registration-visited").procedures
    assert procedure.departure is not None
    assert procedure.departure.startswith("the flow was left at ")
    assert [one.departure for one in validate(CONFORMING).procedures] == [None]


def test_the_package_imports_nothing_until_the_judge_is_asked_for() -> None:
    code = "import sys, conformance; print([m for m in sys.modules if m.startswith('conformance.') or m == 'pydantic'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_the_judge_needs_nothing_that_makes_packets() -> None:
    code = "import sys, conformance.validation, conformance.flow_check; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    rooms = {name.split(".")[1] for name in done.stdout.split() if name.startswith("conformance.")}
    assert not rooms & {"protocols", "stack", "cores", "terminals", "capture", "runs", "plugin"}
    assert not {"scapy", "pytest"} & set(done.stdout.split())


def test_the_lines_of_the_readme_do_what_they_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (lines,) = [block for block in code_blocks("README.md") if "import validate" in block]
    shutil.copy(NO_SERVICE_ROUTE, tmp_path / "capture.pcapng")
    shutil.copy(FEDERATION, tmp_path / "federation.toml")
    monkeypatch.chdir(tmp_path)
    exec(lines, {})  # noqa: S102 - our own documentation
    assert capsys.readouterr().out.startswith("REG-38 3GPP TS 24.229 5.4.1.2.2F home-scscf Service-Route: ")


def code_blocks(name: str) -> list[str]:
    text = (CAPTURES.parent / name).read_text(encoding="utf-8")
    return [block.partition("```")[0] for block in text.split("```python\n")[1:]]


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="validat"):
        conformance.validat  # noqa: B018 - that is what is shown
