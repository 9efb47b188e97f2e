"""Fixtures that the tests of muse2bach share."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def command(command_of):
    """`command("train", "--preset", "quick")` -> exit code."""
    return command_of("final_project.muse2bach")
