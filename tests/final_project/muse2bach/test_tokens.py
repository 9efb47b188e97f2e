"""Pitches and tokens are the same thing, both ways."""

from __future__ import annotations

import numpy as np
import pytest

from final_project.muse2bach.chorale import HIGHEST, LOWEST, SILENT
from final_project.muse2bach.task import UNKNOWN
from final_project.muse2bach.tokens import (
    PITCHES,
    SILENCE_TOKEN,
    UNKNOWN_TOKEN,
    VOCABULARY,
    to_tokens,
    to_voices,
    transposed,
)


def test_every_token_is_one_pitch():
    voices = np.array([*range(LOWEST, HIGHEST + 1), SILENT, UNKNOWN], dtype=np.int16)
    assert to_tokens(voices).tolist() == list(range(VOCABULARY + 1))
    assert np.array_equal(to_voices(to_tokens(voices)), voices)


@pytest.mark.parametrize("pitch", [LOWEST - 1, HIGHEST + 1, -3])
def test_a_pitch_that_no_voice_sings_is_refused(pitch):
    with pytest.raises(ValueError, match=f"must be in {LOWEST}..{HIGHEST}"):
        to_tokens(np.array([60, pitch]))


def test_silence_is_not_transposed():
    tokens = np.array([0, PITCHES - 3, SILENCE_TOKEN, UNKNOWN_TOKEN])
    assert transposed(tokens, 2).tolist() == [2, PITCHES - 1, SILENCE_TOKEN, UNKNOWN_TOKEN]
