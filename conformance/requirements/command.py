"""What `netlab requirements` does: read, compare, print."""

from __future__ import annotations

import json as json_module
import sys
from typing import TextIO

from conformance.criteria import all_criteria
from conformance.requirements.check import check
from conformance.requirements.load import load_requirements
from conformance.requirements.table import as_json, text_table
from conformance.requirements.test_cases import find_test_cases
from conformance.vocabulary.errors import Exit


def run(json: bool, out: TextIO) -> int:
    """Print the coverage of the requirements.

    Args:
        json: True for one JSON list, False for the text table.
        out: Where to print. With `json` the problems go to standard error.

    Returns:
        0 where table, criteria and test cases agree, else 1.

    Raises:
        HarnessFault: A table or the folder of the test cases is missing or malformed.
    """
    requirements = load_requirements()
    problems = check(requirements, {criterion.id for criterion in all_criteria()}, find_test_cases())
    if json:
        json_module.dump(as_json(requirements), out, ensure_ascii=False, indent=1)
        out.write("\n")
        sys.stderr.writelines(f"problem: {problem}\n" for problem in problems)
    else:
        out.write(text_table(requirements, problems))
    return Exit.DIFFERS if problems else Exit.AS_EXPECTED
