"""Our import names belong to us alone, and config/ stays data."""

from __future__ import annotations

from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "package", ["bridge", "bus", "devices", "drivers", "simulators"]
)
def test_no_other_distribution_owns_our_names(package: str) -> None:
    # An editable install is not listed by file, so only strangers would be.
    assert set(packages_distributions().get(package, [])) <= {"halld"}


def test_config_is_data_only() -> None:
    assert not list((ROOT / "config").rglob("*.py"))


def test_tests_have_no_packages_that_would_shadow_ours() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_constraints_name_no_address() -> None:
    for name in ("constraints.txt", "constraints-broker.txt", "pyproject.toml"):
        assert "://" not in (ROOT / name).read_text()
