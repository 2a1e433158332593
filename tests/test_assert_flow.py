"""The fixture `assert_flow` in a project that is not ours, and that it adds nothing else to such a project."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

CAPTURES = Path(__file__).parents[1] / "captures"
IN_A_TEST = """
    import pytest
    CAPTURES = {captures!r}

    def test_core(assert_flow):
        {body}
"""


@pytest.fixture
def core(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project whose test uses the fixture."""
    pytester.makeini("[pytest]\naddopts = --strict-markers --strict-config\nfilterwarnings = error\n")
    return pytester


def held(core: pytest.Pytester, body: str) -> pytest.RunResult:
    core.makepyfile(IN_A_TEST.format(captures=str(CAPTURES), body=body))
    return run(core)


def run(core: pytest.Pytester) -> pytest.RunResult:
    # In this process the package was imported long before; in one of its own pytest would be the first.
    ignored = "-Wignore::pytest.PytestAssertRewriteWarning"
    return core.runpytest_inprocess("-p", "no:cacheprovider", "-rs", ignored)


def call(case: str, *words: str) -> str:
    file = f"CAPTURES + '/{case}/capture.pcapng'"
    return f"assert_flow({', '.join([file, *words])})"


def test_a_core_that_conforms_passes_and_its_judgement_can_be_asked(core: pytest.Pytester) -> None:
    body = call("handbuilt-registration-visited", "'registration-visited'")
    held(core, f"assert {body}.verdict == 'PASS'").assert_outcomes(passed=1)


def test_a_failure_says_what_by_which_clause_whose_and_where(core: pytest.Pytester) -> None:
    done = held(core, call("REG-38-fail-no-service-route", "'registration-home'"))
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        [
            "*/capture.pcapng does not show registration-home as expected",
            "registration-home of sip:bob@ims-b.test: interoperability PASS, conformance FAIL",
            "*FAIL REG-38 [[]3GPP TS 24.229 5.4.1.2.2F[]] home-scscf: expected Service-Route*(frames: 26)",
        ]
    )
    assert "Traceback" not in done.stdout.str()
    assert ".py:" not in done.stdout.str().partition("short test summary")[0]


def test_a_registration_that_took_another_way_does_not_show_the_flow(core: pytest.Pytester) -> None:
    done = held(core, call("handbuilt-registration-home", "'registration-visited'"))
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*the flow was left at *"])


def test_named_criteria_are_asserted_alone(core: pytest.Pytester) -> None:
    case = "REG-38-fail-no-service-route"
    held(core, call(case, "'registration-home'", "criteria=['REG-01', 'REG-40']")).assert_outcomes(passed=1)
    held(core, call(case, "'registration-home'", "criteria='REG-38'")).assert_outcomes(failed=1)


def test_missing_evidence_fails_and_skips_only_where_that_is_asked_for(core: pytest.Pytester) -> None:
    case = ("inconclusive-without-cx", "'registration-home'")
    done = held(core, call(*case))
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*evidence is missing*", "*Cx not captured*"])
    done = held(core, call(*case, "inconclusive='skip'"))
    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["*evidence is missing*"])


def test_a_federation_is_used(core: pytest.Pytester) -> None:
    case = ("DISC-01-fail-pcscf-of-another-network", "'registration-home'", "criteria='DISC-01'")
    held(core, call(*case, "federation=CAPTURES + '/ims-b-and-c.toml'")).assert_outcomes(failed=1)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("assert_flow('none.pcap', 'registration-home')", "none.pcap: cannot be read (No such file or directory)*"),
        ("assert_flow(__file__, 'registration-home')", "*not a capture file*"),
        ("assert_flow([], 'registration-home')", "no capture was given*"),
        (call("handbuilt-registration-home", "'registration-hom'"), "*registration-hom*"),
        (call("handbuilt-registration-home", "'registration-home'", "criteria=['REG-0']"), "criteria: REG-0; *"),
        (call("handbuilt-registration-home", "'registration-home'", "inconclusive='pass'"), "inconclusive='pass'*"),
    ],
)
def test_what_cannot_be_judged_is_an_error_of_one_line_and_no_failure(
    core: pytest.Pytester, body: str, words: str
) -> None:
    done = held(core, body)
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines([words])
    assert "Traceback" not in done.stdout.str()


def test_the_lines_of_the_readme_are_a_test(core: pytest.Pytester) -> None:
    readme = (CAPTURES.parent / "README.md").read_text(encoding="utf-8")
    (lines,) = [block for block in readme.split("```") if block.startswith("python\ndef test_my_core")]
    core.makepyfile(lines.removeprefix("python\n"))
    shutil.copy(CAPTURES / "handbuilt-registration-visited" / "capture.pcapng", core.path)
    run(core).assert_outcomes(passed=1)


SOMEBODY_ELSES = """
    import sys

    def test_passes(core_option):
        assert core_option == "theirs"

    def test_nothing_of_the_judge_is_imported():
        assert not {name for name in sys.modules if name.startswith("conformance.")} - {"conformance.assert_flow"}
        assert not {"pydantic", "scapy", "pyshark"} & set(sys.modules)
"""
THEIR_CONFTEST = """
    import pytest

    def pytest_addoption(parser):
        for name in ("--core", "--home", "--federation", "--reports", "--inconclusive"):
            parser.addoption(name, default="theirs")

    def pytest_configure(config):
        config.addinivalue_line("markers", "flow: theirs")

    @pytest.fixture
    def core_option(request):
        return request.config.getoption("--core")
"""


def test_somebody_elses_tests_see_no_difference(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\naddopts = --strict-markers --strict-config\nfilterwarnings = error\n")
    pytester.makeconftest(THEIR_CONFTEST)
    pytester.makepyfile(SOMEBODY_ELSES)

    def output(*words: str) -> list[str]:
        done = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:allure_pytest", *words)
        done.assert_outcomes(passed=2)
        return [line.partition(" in ")[0] for line in done.outlines if not line.startswith("plugins: ")]

    assert output() == output("-p", "no:netlab")
    assert "assert_flow" not in pytester.runpytest_subprocess("--help").stdout.str()
    assert not (pytester.path / "reports").exists()
