"""Pitches as what the models count and embed: 46 pitches and silence, all else beside them.

    token     0..45             46        47
    is        LOWEST..HIGHEST   silence   not known: to be filled in, or before the piece begins

`voices` are int16 as in chorale.py, with SILENT and task.UNKNOWN; tokens are int64.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from final_project.muse2bach.chorale import HIGHEST, LOWEST, SILENT
from final_project.muse2bach.task import UNKNOWN

PITCHES = HIGHEST - LOWEST + 1
SILENCE_TOKEN = PITCHES
VOCABULARY = PITCHES + 1  # what a voice can be in a frame
UNKNOWN_TOKEN = VOCABULARY


def to_tokens(voices: NDArray) -> NDArray[np.int64]:
    """Tokens of pitches, in the same shape. Errors: ValueError for a pitch outside LOWEST..HIGHEST."""
    voices = np.asarray(voices).astype(np.int64)
    tokens = np.where(
        voices == SILENT, SILENCE_TOKEN, np.where(voices == UNKNOWN, UNKNOWN_TOKEN, voices - LOWEST)
    )
    wrong = (tokens < 0) | (tokens > UNKNOWN_TOKEN) | (voices > HIGHEST)
    if wrong.any():
        raise ValueError(f"pitches must be in {LOWEST}..{HIGHEST}, got {voices[wrong][0]}")
    return tokens


def to_voices(tokens: NDArray) -> NDArray[np.int16]:
    """Pitches of tokens, in the same shape."""
    tokens = np.asarray(tokens)
    special = np.where(tokens == SILENCE_TOKEN, SILENT, UNKNOWN)
    return np.where(tokens < PITCHES, tokens + LOWEST, special).astype(np.int16)


def transposed(tokens: NDArray[np.int64], semitones: int) -> NDArray[np.int64]:
    """Tokens of the same music `semitones` higher, which the caller knows to be in range."""
    return np.where(tokens < PITCHES, tokens + semitones, tokens)
