"""A piece and its sounds -> stems that lie over each other sample by sample; their sum is the mix.

    with SynthesizerPool() as synthesizers:
        presets = choose_presets(rng, piece.parts, presets("train"))
        piece = fit_to_keys(piece, presets, synthesizers)
        stems = render_stems(piece, presets, rng=rng, synthesizers=synthesizers)  # (parts, 2, samples)

Nothing is applied to the mix as a whole but one gain: what is true of the sum is true of the stems.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from common.band.channels import Channel, draw_channel
from common.band.effects import at_level, draw_room
from common.band.presets import Key, Preset
from common.band.score import BandPart, Piece
from common.band.voices import SynthesizerPool, draw_voice

MELODY_LEVEL = -23.0  # dB, before the mix's gain: the active level of a part whose `level_db` is 0
TASTE = 2.0  # dB, standard deviation between engineers, besides the arranger's own
SOFTEST, LOUDEST = -10.0, 4.0  # dB around `MELODY_LEVEL`: softer parts would be labels without a sound
PEAK = 10.0 ** (-1.0 / 20.0)  # of the mix, and at most of a stem; Slakh2100's target_peak, -1 dB
FADE = 0.03  # s, at the end: what still rings is not cut off with a click


def choose_presets(
    rng: np.random.Generator, parts: Sequence[BandPart], available: Mapping[Key, Sequence[Preset]]
) -> list[Preset]:
    """A preset for each part; parts of one program share it. KeyError for a program that is not there."""
    chosen: dict[Key, Preset] = {}
    for key in map(_key, parts):
        if key not in chosen:
            chosen[key] = available[key][rng.integers(len(available[key]))]
    return [chosen[_key(part)] for part in parts]


def render_stems(
    piece: Piece,
    presets: Sequence[Preset],
    *,
    rng: np.random.Generator,
    synthesizers: SynthesizerPool,
    mono: bool = False,
) -> NDArray[np.float32]:
    """All parts, each with its preset and effects -> float32 (parts, 2, samples), or (parts, 1, samples).

    samples = round(piece.duration * synthesizers.sample_rate): reverberation beyond is cut. The sum of the
    stems peaks at -1 dB. All that is random comes from `rng`: voices, effects, room, levels.
    ValueError unless there is one preset for each part; SynthesisError for a preset that its font lacks.
    """
    if len(presets) != len(piece.parts):
        raise ValueError(f"one preset for each of {len(piece.parts)} parts is needed, got {len(presets)}")
    room = draw_room(rng, sample_rate=synthesizers.sample_rate)
    samples = round(piece.duration * synthesizers.sample_rate)
    stems = np.zeros((len(presets), 1 if mono else 2, samples), np.float32)
    generators = rng.spawn(len(presets))  # a part more or less leaves the others as they are
    for stem, part, preset, generator in zip(stems, piece.parts, presets, generators, strict=True):
        dry, channel = _play(piece, part, preset, generator, synthesizers)
        if mono:
            dry = dry.mean(axis=0, keepdims=True)
        wet = channel.apply(dry, room, position=part.pan, sample_rate=synthesizers.sample_rate)
        level = np.clip(part.level_db + generator.normal(0.0, TASTE), SOFTEST, LOUDEST)
        stem[:] = at_level(wet, MELODY_LEVEL + level, sample_rate=synthesizers.sample_rate)
    fade = min(round(FADE * synthesizers.sample_rate), samples)
    stems[:, :, samples - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    stems *= _gain(stems)
    return stems


def _play(
    piece: Piece, part: BandPart, preset: Preset, rng: np.random.Generator, synthesizers: SynthesizerPool
) -> tuple[NDArray[np.float32], Channel]:
    """One part without effects, (2, samples), and the effects that it will pass."""
    voice = draw_voice(rng, preset, part.instrument, part.notes, synthesizers)
    channel = draw_channel(rng, part.instrument, tempo=piece.tempo, sample_rate=synthesizers.sample_rate)
    return voice.play(part.notes, synthesizers, duration=piece.duration), channel


def _gain(stems: NDArray[np.float32]) -> np.float32:
    """What brings the mix to `PEAK`, or, should stems cancel each other, the loudest stem."""
    peak = max(np.abs(stems.sum(axis=0)).max(initial=0.0), np.abs(stems).max(initial=0.0))
    return np.float32(PEAK / peak if peak > 0 else 1.0)


def _key(part: BandPart) -> Key:
    """How `presets` files what the part needs."""
    return ("drums", part.instrument.program) if part.instrument.is_drum else part.instrument.program
