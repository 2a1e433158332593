"""Keys, types and ranges: each mistake gives one line with file, line, key, found, expected and what to do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.federation import load_federation
from conformance.vocabulary.errors import BadInput

Alter = Callable[..., Path]
Complaints = Callable[..., list[str]]

UC3M = "testbeds.uc3m"
SUBSCRIBER = f"{UC3M}.subscribers[0]"
GRACE = f"{UC3M}.subscribers[2].filter_criteria[0]"


@pytest.mark.parametrize(
    ("old", "new", "key", "found", "expected"),
    [
        ('name = "netlab"', 'name = "Net Lab"', "name", "found 'Net Lab'", "small letters"),
        ('name = "netlab"\n', "", "name", "found nothing", "add the key"),
        ('name = "netlab"', "name = 7", "name", "found 7", "small letters"),
        ('block = "127.37.0.0/16"', "block = 2130706432", "block", "found 2130706432", "IPv4 network as text"),
        ('block = "127.37.0.0/16"', 'block = "127.37.0.1/16"', "block", "found '127.37.0.1/16'", "IPv4 network"),
        ("t1_ms = 500", "t1_ms = 0", "timers.t1_ms", "found 0", "whole milliseconds from 1 to 3600000"),
        ("t1_ms = 500", 't1_ms = "500"', "timers.t1_ms", "found '500'", "whole milliseconds"),
        ("t1_ms = 500", "t1_ms = 0.5", "timers.t1_ms", "found 0.5", "whole milliseconds"),
        ("t1_ms = 500", "t1ms = 500", "timers.t1ms", "found an unknown key", "did you mean t1_ms?"),
        ("registration_s = 600", "registration_s = true", "timers.registration_s", "found True", "whole seconds"),
        ("roaming = false", 'roaming = "no"', f"{UC3M}.subscribers[1].roaming", "found 'no'", "true or false"),
        ("roaming = false", "roaming = 0", f"{UC3M}.subscribers[1].roaming", "found 0", "true or false"),
        ("roaming = false", "raoming = false", f"{UC3M}.subscribers[1].raoming", "unknown key", "mean roaming?"),
        ("release = 7", "release = 4", f"{UC3M}.release", "found 4", "5 to 18"),
        ("release = 7", "relaese = 7", f"{UC3M}.relaese", "found an unknown key", "did you mean release?"),
        ('domain = "uc3m.', 'domain = "UC3M.', f"{UC3M}.domain", "found 'UC3M.netlab.test'", "domain name"),
        ('domain = "uc3m.', 'domain = "uc3m_.', f"{UC3M}.domain", "found 'uc3m_.netlab.test'", "domain name"),
        ("port = 4060", "port = 70000", f"{UC3M}.nodes.p-cscf.port", "found 70000", "1 to 65535"),
        ("port = 4060", 'port = "4060"', f"{UC3M}.nodes.p-cscf.port", "found '4060'", "1 to 65535"),
        (", port = 4060", "", f"{UC3M}.nodes.p-cscf.port", "found nothing", "add the key"),
        ('"127.37.1.11"', '"127.37.1.256"', f"{UC3M}.nodes.p-cscf.address", "found '127.37.1.256'", "IPv4 address"),
        ('"127.37.1.11"', "2132082955", f"{UC3M}.nodes.p-cscf.address", "found 2132082955", "IPv4 address as text"),
        ('host = "pcscf"', 'host = "p.cscf"', f"{UC3M}.nodes.p-cscf.host", "found 'p.cscf'", "first label"),
        ("p-cscf = {", "p-csfc = {", f"{UC3M}.nodes.p-csfc", "unknown kind of node", "did you mean p-cscf?"),
        ('{ host = "hss", address = "127.37.1.14", port = 3868 }', "3868", f"{UC3M}.nodes.hss", "found 3868", "host"),
        ('"IEEE-802.11b"', '"Wi Fi"', f"{UC3M}.access_networks[0].type", "found 'Wi Fi'", "P-Access-Network-Info"),
        ('"127.37.1.128/25"', '"all"', f"{UC3M}.access_networks[0].pool", "found 'all'", "IPv4 network"),
        ('"none" ', '"ipsec" ', f"{UC3M}.features.access_security", "found 'ipsec'", "ipsec-3gpp"),
        ('impi = "alice@uc3m', 'impi = "alice.uc3m', f"{SUBSCRIBER}.impi", "'alice.uc3m.", "private identity"),
        ('["sip:alice@uc3m', '["alice@uc3m', f"{SUBSCRIBER}.impus[0]", "'alice@uc3m.netlab.test'", "public identities"),
        ('["sip:alice@uc3m', '["sip:uc3m', f"{SUBSCRIBER}.impus[0]", "'sip:uc3m.netlab.test'", "public identities"),
        ('priority = 10\nwhen = [[{ method = "INVITE" }], [{ session_case = "originating" }]]\n\n',
         'priority = -1\nwhen = [[{ method = "INVITE" }], [{ session_case = "originating" }]]\n\n',
         f"{GRACE}.priority", "found -1", "a number from 0"),
        ('[[{ method = "INVITE" }], [{ session_case = "originating" }]]\n\n',
         '[[{ method = "INVITE", line = "m" }]]\n\n', f"{GRACE}.when[0][0]", "method and line", "correct the trigger"),
        ('[{ session_case = "originating" }]]\n\n', '[{ session_case = "calling" }]]\n\n',
         f"{GRACE}.when[1][0].session_case", "found 'calling'", "originating, terminating"),
        ('[[{ method = "INVITE" }], [{ session_case = "originating" }]]\n\n',
         '[[{ methdo = "INVITE" }]]\n\n', f"{GRACE}.when[0][0].methdo", "unknown key", "did you mean method?"),
        ("[testbeds.uc3m.features]", "[testbeds.uc3m.featurse]", f"{UC3M}.featurse", "unknown key", "mean features?"),
    ],
)  # fmt: skip
def test_one_line_for_one_mistake(
    complaints: Complaints, alter: Alter, old: str, new: str, key: str, found: str, expected: str
) -> None:
    lines = complaints((old, new))
    assert len(lines) == 1, lines
    (line,) = lines
    text = alter((old, new)).read_text()
    where, _, rest = line.partition(": ")
    assert rest.startswith(f"{key}: found ")
    assert found in line
    assert expected in line
    if new:
        number = text[: text.index(new)].count("\n") + 1
        assert where == f"federation.toml:{number}"


def test_a_missing_key_names_the_line_of_its_table(complaints: Complaints, alter: Alter) -> None:
    (line,) = complaints(('operator = "Octopus"\n', ""))
    number = alter().read_text().split("\n").index("[testbeds.octopus]") + 1
    assert line.startswith(f"federation.toml:{number}: testbeds.octopus.operator: found nothing")


def test_testbed_of_an_impossible_name(complaints: Complaints) -> None:
    lines = complaints(("[testbeds.uc3m]", '[testbeds."UC 3M"]'))
    assert any(": testbeds.'UC 3M': found a table of that name, expected a name of small" in line for line in lines)


def test_a_name_that_differs_from_the_key(complaints: Complaints) -> None:
    (line,) = complaints(("release = 7", 'release = 7\nname = "uc4m"'))
    assert "testbeds.uc3m.name: found 'uc4m', expected 'uc3m' as in the table: leave it out" in line


def test_the_name_may_be_repeated(alter: Alter) -> None:
    assert load_federation(alter(("release = 7", 'release = 7\nname = "uc3m"'))).testbeds["uc3m"].name == "uc3m"


@pytest.mark.parametrize("new", ["k = 12", 'k = "465b"', f'k = "{"zz" * 16}"', f'k = "{"00 " * 10}00"'])
def test_a_bad_key_is_never_shown(complaints: Complaints, new: str) -> None:
    (line,) = complaints(('k = "465b5ce8b199b49faa5f0a2ee238a6bc"', new))
    assert f"{SUBSCRIBER}.k: found something else (a secret, not shown), expected 32 hexadecimal digits" in line
    assert new.split(" = ")[1].strip('"') not in line.split(": found ")[1].replace("32 hexadecimal", "")


def test_half_of_the_aka_credentials(complaints: Complaints) -> None:
    (line,) = complaints(('opc = "cd63cb71954a9f4e48a5994e37a02baf"\n', ""))
    assert f"{SUBSCRIBER}: found " in line
    assert "expected k and opc (AKA), or password (MD5)" in line
    assert "465b5ce8" not in line


def test_two_kinds_of_credentials(complaints: Complaints) -> None:
    (line,) = complaints(("opc = ", 'password = "hush"\nopc = '))
    assert f"{SUBSCRIBER}: found both, expected either k and opc (AKA) or password (MD5)" in line
    assert "hush" not in line


def test_a_password_of_the_xdms_beside_k_and_one_that_is_no_text(alter: Alter, complaints: Complaints) -> None:
    subscriber = (
        load_federation(alter(('xcap_password = "xcap-alice"', 'xcap_password = "hush"'))).testbeds["uc3m"].users[0]
    )
    assert subscriber.xcap_password is not None
    assert (subscriber.xcap_password.reveal(), str(subscriber.xcap_password)) == (b"hush", "***")
    (line,) = complaints(('xcap_password = "xcap-alice"', "xcap_password = 271828"))
    assert f"{SUBSCRIBER}.xcap_password: found something else (a secret, not shown), expected a text" in line


def test_an_op_beside_a_password(complaints: Complaints) -> None:
    (line,) = complaints(('password = "not-a-secret"', f'password = "not-a-secret"\nop = "{"0" * 32}"'))
    assert "found it beside password (MD5), expected op beside k and opc (AKA)" in line


def test_an_unknown_key_beside_secrets_shows_no_value(complaints: Complaints) -> None:
    (line,) = complaints(("opc = ", 'pasword = "hush"\nopc = '))
    assert f"{SUBSCRIBER}.pasword: found an unknown key" in line
    assert "did you mean password?" in line
    assert "hush" not in line


def test_a_long_value_is_cut_and_escaped(complaints: Complaints) -> None:
    (line,) = complaints(('name = "netlab"', f'name = "\\u001b[31m{"x" * 500}"'))
    assert "\x1b" not in line
    assert len(line) < 400


def test_all_mistakes_of_a_file_are_listed(complaints: Complaints) -> None:
    lines = complaints(
        ("t1_ms = 500", "t1_ms = -1"),
        ("port = 4060", "port = 0"),
        ('"127.37.2.14"', '"10.0.0.1"'),
        ('"sip:bob@stuba', '"sip:bob@elsewhere'),
    )
    assert len(lines) == 4
    for line in lines:
        assert line.startswith("federation.toml:")
        assert ", expected " in line
        assert "pydantic" not in line


@pytest.mark.parametrize(
    "content", ["", "testbeds = 7", "testbeds = [1]", "[testbeds]\na = 1", "[testbeds.a]\nnodes = 1"]
)
def test_nearly_empty_files(tmp_path: Path, content: str) -> None:
    path = tmp_path / "federation.toml"
    path.write_text(content)
    with pytest.raises(BadInput, match="expected"):
        load_federation(path)


def test_tables_nested_without_end(complaints: Complaints) -> None:
    deep = ".".join("a" * 20_000)
    (line,) = complaints(('operator = "Octopus"', f"operator = [{{ {deep} = 1 }}]"))
    assert "testbeds.octopus.operator: found a list of 1, expected the operator's name" in line
