"""What the plugin keeps of a run in `config.stash`, and for how long: the whole session.

`setup` fills it, everything else reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from conformance.runs.earlier import Earlier
from conformance.runs.expected import Deviation
from conformance.runs.folder import RunFolder
from conformance.runs.plan import BenchPlan
from conformance.vocabulary.federation import Federation

RUN = pytest.StashKey[RunFolder]()
PLAN = pytest.StashKey[BenchPlan]()
EARLIER = pytest.StashKey[Earlier]()
WORDS = pytest.StashKey[Sequence[str]]()
"""What the run was begun with."""
FEDERATION = pytest.StashKey[Federation]()
"""As its file describes it, played by the core of the run; read once."""
DEVIATIONS = pytest.StashKey[Sequence[Deviation]]()
OF_CORE = pytest.StashKey[Mapping[str, Sequence[Deviation]]]()
"""Known deviations of the software that plays a home network, by testbed."""
ALLURE_FOLDER = "allure_report_dir"
"""Where allure-pytest keeps its `--alluredir` among the options."""
