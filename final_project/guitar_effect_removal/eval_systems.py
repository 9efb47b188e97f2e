"""What eval.py scores on each pair: removers, and beside them what they are to be compared with.

    key                     what it does
    input                   nothing: the wet guitar as it is, the floor
    oracle                  the dry guitar's true magnitudes with the wet one's phase, a ceiling for gains
    (name of a remover)     one model for all effects
    guided                  the first remover, as far as the detector hears something clip (guidance.py)
    experts_true            models of one effect each, those of the effects that are on, one after the other
    experts_detected        the same, of the effects that the detector hears

Experts undo effects backwards: what came last in the chain goes first. The true chain tells the order; a
detector does not, so that of `effects.ORDER` is taken. An effect without an expert stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from numpy.typing import NDArray
from torch import Tensor

from common.cli import UserError
from common.commands import model_names
from final_project.guitar_effect_removal.detection import LoadedDetector, load_detector
from final_project.guitar_effect_removal.effects import EFFECTS, Chain, in_order
from final_project.guitar_effect_removal.guidance import removal_strength
from final_project.guitar_effect_removal.models import ModelConfig, load
from final_project.guitar_effect_removal.remover import Remover
from hw2_source_separation.stft import istft, stft

INPUT, ORACLE, GUIDED = "input", "oracle", "guided"
EXPERTS_TRUE, EXPERTS_DETECTED = "experts_true", "experts_detected"
TITLES = {
    INPUT: "input",
    GUIDED: "guided",
    ORACLE: "oracle",
    EXPERTS_TRUE: "experts, truth",
    EXPERTS_DETECTED: "experts, heard",
}
ORACLE_STFT = {"n_fft": 2048, "hop_length": 512}


@dataclass(frozen=True)
class Answer:
    """What all systems make of one wet guitar: estimates (S,) by key; and what the detector hears, if any."""

    estimates: dict[str, Tensor]
    probabilities: NDArray | None


@dataclass(frozen=True)
class Systems:
    """All that is scored. folders: of the removers, by name; experts: by the effect that each removes."""

    folders: dict[str, Path]
    removers: dict[str, Remover]
    configs: dict[str, ModelConfig]
    experts: dict[str, Remover] = field(default_factory=dict)
    detector: LoadedDetector | None = None
    detector_folder: Path | None = None

    @torch.no_grad()
    def answer(self, wet: Tensor, dry: Tensor, chain: Chain | None) -> Answer:
        """Let all of them hear a wet guitar (S,); the dry one (S,) is for the oracle alone.

        Without a remover, a detector alone is asked.
        """
        probabilities = self.detector.probabilities(wet) if self.detector else None
        if not self.removers:
            return Answer({}, probabilities)
        estimates = {name: remover(wet[None])[0] for name, remover in self.removers.items()}
        if probabilities is not None:
            first = next(iter(estimates.values()))
            estimates[GUIDED] = torch.lerp(wet, first, removal_strength(probabilities))
        estimates |= {INPUT: wet, ORACLE: true_magnitude_with_wet_phase(wet, dry)}
        if self.experts:
            estimates |= self._of_experts(wet, chain, probabilities)
        return Answer(estimates, probabilities)

    def _of_experts(self, wet: Tensor, chain: Chain | None, probabilities: NDArray | None) -> dict:
        chosen = {}
        if chain is not None:
            chosen[EXPERTS_TRUE] = tuple(effect.name for effect in chain)
        if probabilities is not None:
            chosen[EXPERTS_DETECTED] = in_order(self.detector.on(probabilities))
        # Mostly both choose the same: then it is one and the same estimate, which is scored once.
        made = {names: undo(wet, names, self.experts) for names in set(chosen.values())}
        return {key: made[names] for key, names in chosen.items()}


def true_magnitude_with_wet_phase(wet: Tensor, dry: Tensor) -> Tensor:
    """(S,), (S,) -> (S,): as near as gains on the wet guitar's spectrum could come, were they known."""
    spectrum, truth = stft(wet, **ORACLE_STFT), stft(dry, **ORACLE_STFT)  # (F, T)
    return istft(torch.polar(truth.abs(), spectrum.angle()), **ORACLE_STFT, length=len(wet))


def undo(wet: Tensor, names: Sequence[str], experts: Mapping[str, Remover]) -> Tensor:
    """The wet guitar (S,) through the experts of `names`, a chain in order: the last effect goes first."""
    for name in reversed(names):
        if name in experts:
            wet = experts[name](wet[None])[0]
    return wet


def load_systems(
    models: Sequence[Path], *, detector: Path | None, experts: Sequence[Path], device: str
) -> Systems:
    """The models of eval.py's options; a detector may be among `models`. Errors: UserError."""
    loaded = {folder: load(folder, device=device) for folder in models}
    heard = [folder for folder, (_, config) in loaded.items() if config.model == "detector"]
    detectors = list(dict.fromkeys([*heard, *([detector] if detector else [])]))
    if len(detectors) > 1:
        raise UserError(f"--model, --detector: {len(detectors)} detectors; give one at a time")
    folders = [folder for folder in models if folder not in heard]
    if experts and not folders:
        raise UserError("--experts: nothing to set them beside; give a remover of all effects with --model")
    names = dict(zip(_names(folders), folders, strict=True))
    return Systems(
        folders=names,
        removers={name: loaded[folder][0] for name, folder in names.items()},
        configs={name: loaded[folder][1] for name, folder in names.items()},
        experts=load_experts(experts, device=device),
        detector=load_detector(detectors[0], device=device) if detectors else None,
        detector_folder=detectors[0] if detectors else None,
    )


def load_experts(folders: Sequence[Path], *, device: str) -> dict[str, Remover]:
    """Removers of one effect each, by that effect. Errors: UserError for others, and for two of one."""
    experts = {}
    for folder in folders:
        model, config = load(folder, device=device)
        if config.model == "detector" or len(config.effects) != 1:
            raise UserError(f"{folder}: is no expert; give removers trained with --effects and a single one")
        [effect] = config.effects
        if effect in experts:
            raise UserError(f"--experts: two for {effect}; give one")
        experts[effect] = model
    return {name: experts[name] for name in EFFECTS if name in experts}


def _names(folders: Sequence[Path]) -> list[str]:
    """What the removers are called; no two alike, and none like another system."""
    names = model_names(folders)
    return [f"{name} (model)" if name in TITLES else name for name in names]
