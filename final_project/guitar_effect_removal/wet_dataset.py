"""What training hears: parts of dry guitars, each time with other effects; and the pairs that validate.

An item is {"wet", "dry": float32 (samples,), "target": float32 (len(EFFECTS),), which effects are on}.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from common import audio
from final_project.guitar_effect_removal.amps import Amp
from final_project.guitar_effect_removal.effects import (
    EFFECTS,
    MOST,
    Chain,
    apply_chain,
    at_rms,
    draw_chain,
    draw_effect,
    rms,
)
from final_project.guitar_effect_removal.guitars import SAMPLE_RATE
from final_project.guitar_effect_removal.other_guitars import another_guitar, at_speed, draw_speed
from final_project.guitar_effect_removal.pairs import Pair, read_guitar
from hw1_instrument_detection.clip_index import fit_length

# How many effects an item has: none, so that dry guitars are left alone; mostly one, as guitars are recorded.
SHARES = np.array([0.1, 0.54, 0.14, 0.09, 0.07, 0.06])
LEAD_IN = 1.0  # s played before an excerpt, so that echo and reverberation are there when it begins
LEVELS = (-30.0, -12.0)  # dB, RMS


class WetDataset(Dataset):
    """Excerpts of dry guitars with drawn effects, `draws` an epoch, each guitar as often as the others.

    effects: of which the chain is made, all of EFFECTS, or a single one for a model that removes that alone;
    one that is named twice is heard alone twice as often.
    recolour: the share of the excerpts of which another guitar is made first (other_guitars.py).
    `draw(index, generator)` is called by `common.training`. Errors: AudioError.
    """

    def __init__(
        self,
        guitars: Sequence[Path],
        *,
        amps: Sequence[Amp],
        seconds: float,
        draws: int,
        effects: Sequence[str] = EFFECTS,
        recolour: float = 0.0,
    ) -> None:
        self.guitars, self.amps, self.effects = list(guitars), list(amps), tuple(effects)
        self.samples, self.draws, self.recolour = round(seconds * SAMPLE_RATE), draws, recolour

    def __len__(self) -> int:
        return self.draws

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return self.draw(index, np.random.default_rng(index))

    def draw(self, index: int, generator: np.random.Generator) -> dict[str, Tensor]:
        """Item number `index`, of which all that is random comes from `generator`."""
        dry, lead = self._excerpt(self.guitars[index % len(self.guitars)], generator)
        dry = at_rms(dry, 10 ** (generator.uniform(*LEVELS) / 20))
        chain = draw_training_chain(self.effects, generator, amps=self.amps)
        wet = apply_chain(dry, chain, sample_rate=SAMPLE_RATE)
        return item(wet[lead:], dry[lead:], chain)

    def _excerpt(self, path: Path, generator: np.random.Generator) -> tuple[np.ndarray, int]:
        """Part of a guitar, and how many samples of it are only there for what rings on."""
        recolour = self.recolour == 1 or generator.random() < self.recolour
        speed = draw_speed(generator) if recolour else 1.0
        info, needed = audio.info(path), speed * self.samples / SAMPLE_RATE
        start = generator.uniform(0, max(info.duration - needed, 0))
        lead = min(LEAD_IN, start)
        there = info.duration - start + lead  # s; of a short guitar that is less than what is needed
        guitar = read_guitar(path, start=start - lead, duration=min(needed + lead, there))
        if recolour:
            guitar = at_speed(guitar, speed, sample_rate=SAMPLE_RATE)
            guitar = another_guitar(guitar, generator, sample_rate=SAMPLE_RATE)
        before = round(lead / speed * SAMPLE_RATE)
        guitar = fit_length(guitar, before + self.samples)
        return (guitar * generator.choice([-1.0, 1.0])).astype(np.float32), before


def draw_training_chain(
    effects: Sequence[str], generator: np.random.Generator, *, amps: Sequence[Amp]
) -> Chain:
    """The effects of one item: of all, in chains of up to MOST, or a single one or none."""
    count = int(generator.choice(MOST + 1, p=SHARES))
    if len(set(effects)) == 1:
        single = draw_effect(effects[0], generator, amps=amps)
        return (single,) if count else ()
    if count == 1:
        return (draw_effect(str(generator.choice(effects)), generator, amps=amps),)
    return draw_chain(count, generator, amps=amps)


class PairDataset(Dataset):
    """The pairs of a split: `seconds` from the middle of each. Errors: AudioError."""

    def __init__(self, pairs: Sequence[Pair], *, seconds: float) -> None:
        self.pairs, self.samples = list(pairs), round(seconds * SAMPLE_RATE)

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        pair = self.pairs[index]
        wet, dry = pair.read()
        start = max((len(wet) - self.samples) // 2, 0)
        part = slice(start, start + self.samples)
        return item(wet[part], dry[part], pair.chain or ())


def item(wet: np.ndarray, dry: np.ndarray, chain: Chain) -> dict[str, Tensor]:
    """The dry guitar as loud as the wet one: volume is no effect."""
    on = {effect.name for effect in chain}
    return {
        "wet": torch.from_numpy(np.ascontiguousarray(wet)),
        "dry": torch.from_numpy(np.ascontiguousarray(at_rms(dry, rms(wet)))),
        "target": torch.tensor([float(name in on) for name in EFFECTS]),
    }
