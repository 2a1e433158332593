"""Judgement: procedures are found in a trace, roles bound, flows matched, criteria applied, verdicts given."""

from conformance.judgement.judge import judge

__all__ = ["judge"]
