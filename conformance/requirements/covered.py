"""Which requirements a test case covers."""

from __future__ import annotations

from functools import cache

from conformance.requirements.load import Requirement, load_requirements


def requirements_of(test_case: str) -> tuple[Requirement, ...]:
    """Return the rows that name a test case.

    Args:
        test_case: as results spell it: `registration/home/test_registration` (folder, module, function).

    Returns:
        Rows in the order of the tables; empty for a test case that is not ours.

    Raises:
        HarnessFault: a table is missing or malformed.
    """
    return _by_test_case().get(test_case, ())


@cache
def _by_test_case() -> dict[str, tuple[Requirement, ...]]:
    found: dict[str, tuple[Requirement, ...]] = {}
    for row in load_requirements():
        for name in row.test_cases:
            key = _as_results_spell_it(name)
            found[key] = (*found.get(key, ()), row)
    return found


def _as_results_spell_it(name: str) -> str:
    """From `testcases/registration/test_home.py::test_registration`."""
    file, _, function = name.partition("::")
    *_, folder, module = file.split("/")
    return f"{folder}/{module.removesuffix('.py').removeprefix('test_')}/{function}"
