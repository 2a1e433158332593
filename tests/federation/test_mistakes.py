"""Where a key stands in a TOML text, and how its path is written."""

from pathlib import Path

from conformance.federation.mistakes import Mistake, line_numbers, shorten, spell, word

TEXT = '''\
name = "a"            # 1
[timers]              # 2
t1_ms = 500           # 3
[testbeds.uc3m]       # 4
"operator" = """
release = 6
"""
release = 7           # 8
nodes.hss.port = 1    # 9
[[testbeds.uc3m.subscribers]]  # 10
name = "x"            # 11
[[testbeds.uc3m.subscribers]]  # 12
name = "y"            # 13
impus = [             # 14
  "sip:a@b.test",
]
'''


def test_lines_of_keys_and_tables() -> None:
    lines = line_numbers(TEXT)
    uc3m = ("testbeds", "uc3m")
    assert lines["name",] == 1
    assert lines["timers", "t1_ms"] == 3
    assert lines[*uc3m, "operator"] == 5
    assert lines[*uc3m, "release"] == 8
    assert lines[*uc3m, "nodes"] == 9
    assert lines[*uc3m, "nodes", "hss", "port"] == 9
    assert lines[*uc3m, "subscribers", 0, "name"] == 11
    assert lines[*uc3m, "subscribers", 1] == 12
    assert lines[*uc3m, "subscribers", 1, "name"] == 13


def test_a_key_that_is_not_there_has_the_line_of_what_is_around_it() -> None:
    mistake = Mistake(("testbeds", "uc3m", "subscribers", 1, "impi"), "nothing", "something", "add it")
    line = word(Path("f.toml"), line_numbers(TEXT), mistake)
    assert line == "f.toml:12: testbeds.uc3m.subscribers[1].impi: found nothing, expected something: add it"


def test_a_mistake_without_a_line() -> None:
    assert word(Path("f.toml"), {}, Mistake(("name",), "a", "b", "c")) == "f.toml: name: found a, expected b: c"


def test_paths_are_written_as_in_toml() -> None:
    assert spell(("testbeds", "uc3m", "subscribers", 0, "impus", 1)) == "testbeds.uc3m.subscribers[0].impus[1]"
    assert spell(("a\nb", "c")) == "'a\\nb'.c"
    assert spell(()) == "the file"


def test_values_are_bounded_and_stay_on_one_line() -> None:
    assert shorten("a\nb") == "'a\\nb'"
    assert len(shorten("x" * 1000)) == 80
    assert shorten([1] * 1000) == "a list of 1000"
    assert shorten({"k": "hush"}) == "a table"
