"""Requirements of the project document and of the standards: what covers each, or why nothing does yet."""

from conformance.requirements.check import check
from conformance.requirements.command import run
from conformance.requirements.load import Requirement, load_requirements
from conformance.requirements.test_cases import find_test_cases

__all__ = ["Requirement", "check", "find_test_cases", "load_requirements", "run"]
