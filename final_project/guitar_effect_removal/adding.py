"""The other way round: put effects on a recording, so that there is something to remove.

    add_file(Path("solo.wav"), parse_chain("distortion:20,reverb:0.4"), Path("cleaned"), name="solo_wet")

The chain scales the guitar by the RMS of the whole, so the recording is held in memory: at most LONGEST
seconds. Effects are computed at the rate of the training data: some of their filters lie above half of 8 kHz.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from common import audio
from common.audio_blocks import Block
from common.cli import UserError
from final_project.guitar_effect_removal.effects import Effect, apply_chain
from final_project.guitar_effect_removal.guitars import SAMPLE_RATE
from hw2_source_separation.stem_files import open_stems

LONGEST = 300.0  # s; an amplifier at four times the rate, in 64 bits, then takes 2 GB


def add_file(
    path: Path, chain: Sequence[Effect], folder: Path, *, name: str, audio_format: str = "wav"
) -> Path:
    """Write an audio file with effects on as FOLDER/NAME.wav; returns its path.

    Errors: AudioError, OSError; UserError for a recording longer than LONGEST, and without pedalboard.
    """
    info = audio.info(path)
    if info.duration > LONGEST:
        raise UserError(f"{path}: is {info.duration:.0f} s long; --add takes {LONGEST:g} s, cut it")
    dry, rate = audio.read(path, allow_silence=True)
    wet = add_effects(dry, chain, sample_rate=rate)
    with open_stems(folder, (name,), info=info, audio_format=audio_format) as files:
        files.write({name: wet})
    return files.paths[name]


def add_effects(dry: Block, chain: Sequence[Effect], *, sample_rate: int) -> Block:
    """(channels, samples) -> the same with effects, each channel by itself. Errors: UserError."""
    at_ours = audio.resample(dry, original_rate=sample_rate, target_rate=SAMPLE_RATE)
    try:
        wet = np.stack([apply_chain(channel, chain, sample_rate=SAMPLE_RATE) for channel in at_ours])
    except ImportError as error:
        raise UserError(f"--add needs pedalboard ({error}); pip install -r requirements.txt") from error
    back = audio.resample(wet, original_rate=SAMPLE_RATE, target_rate=sample_rate)
    missing = max(dry.shape[1] - back.shape[1], 0)
    return np.pad(back, ((0, 0), (0, missing)))[:, : dry.shape[1]]
