"""Fixtures that the tests of muse2bach share."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from final_project.muse2bach.chorale import Chorale

# stand_in.py, for `from stand_in import StandIn`: pytest imports tests by their paths.
_spec = importlib.util.spec_from_file_location("stand_in", Path(__file__).with_name("stand_in.py"))
sys.modules["stand_in"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules["stand_in"])


@pytest.fixture(scope="session")
def command(command_of):
    """`command("train", "--preset", "quick")` -> exit code."""
    return command_of("final_project.muse2bach")


@pytest.fixture(scope="session")
def cadences() -> list[Chorale]:
    """The same six chords, a quarter each, in twelve keys; the alto has passing notes."""
    chords = [
        (72, 67, 64, 48),
        (72, 69, 65, 53),
        (74, 71, 67, 55),
        (72, 69, 64, 45),
        (71, 67, 62, 55),
        (72, 67, 64, 48),
    ]
    voices = np.repeat(np.array(chords, dtype=np.int16), 4, axis=0)  # (24, 4)
    voices[[2, 3], 1] = 68
    voices[[10, 11], 1] = 70
    return [Chorale(f"cadence {step}", voices + np.int16(step)) for step in range(-6, 6)]
