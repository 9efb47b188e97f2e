"""Guitar effects: what they are called, how their settings are drawn, and a chain of them put on a guitar.

    chain = draw_chain(3, rng, amps=amps_of("train"))
    wet = apply_chain(dry, chain, sample_rate=44_100)

Waveforms are float32 (samples,), one channel. An `Effect` is a name and its parameters, plain numbers, so
that chains can be written as JSON and played again. The wet guitar is as loud as the dry one (same RMS):
volume is no effect that could be removed. Drives and thresholds count from a guitar with an RMS of LEVEL,
whatever the recording's own level.

The effects are Spotify's pedalboard, the ranges those of RemFX: M. Rice, C. Steinmetz, G. Fazekas, J. Reiss
2023, "General purpose audio effect removal", and its code, remfx/effects.py and cfg/effects/all.yaml.
Deviations: ranges begin where an effect can be heard (chorus and phaser depth and all mixes from .2,
distortion from 10 dB, up to 40 instead of 50), because a label that nobody can hear is noise. Overdrive,
and the amplifier with its cabinet, are ours (`amps.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.cli import UserError
from final_project.guitar_effect_removal.amps import AMP_PARAMETERS, Amp, amplified, overdriven

Waveform = NDArray[np.float32]

EFFECTS = ("distortion", "overdrive", "compressor", "reverb", "chorus", "delay", "phaser", "amp")
MOST = 5  # effects in a chain
LABELS = {"amp": "amp + cabinet"}  # where a name is not a word
LEVEL = 0.1  # RMS, -20 dB
SILENCE = 1e-6  # RMS
# From guitar to loudspeaker: which effect comes before which.
ORDER = ("compressor", "phaser", "overdrive", "distortion", "amp", "chorus", "delay", "reverb")
# Of these only one is in a chain: two of them are one that is stronger.
CLIPPING = ("distortion", "overdrive", "amp")


@dataclass(frozen=True)
class Range:
    """Where a parameter is drawn, uniformly, or with `log` uniformly in its logarithm; `unit` for people."""

    low: float
    high: float
    unit: str = ""
    log: bool = False

    def draw(self, rng: np.random.Generator) -> float:
        if self.log:
            return float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))
        return float(rng.uniform(self.low, self.high))

    @property
    def middle(self) -> float:
        return float(np.sqrt(self.low * self.high)) if self.log else (self.low + self.high) / 2


# The first parameter of each is the one that `--add name:value` sets.
RANGES: dict[str, dict[str, Range]] = {
    "distortion": {"drive_db": Range(10, 40, "dB")},
    "overdrive": {"drive_db": Range(6, 24, "dB"), "tone_hz": Range(2000, 6000, "Hz", log=True)},
    "compressor": {
        "threshold_db": Range(-42, -20, "dB"),
        "ratio": Range(1.5, 6),
        "attack_ms": Range(1, 50, "ms"),
        "release_ms": Range(10, 250, "ms"),
    },
    "reverb": {
        "mix": Range(0.2, 0.8),
        "room_size": Range(0.3, 1.0),
        "damping": Range(0.2, 1.0),
    },
    "chorus": {
        "mix": Range(0.2, 0.7),
        "rate_hz": Range(0.25, 4.0, "Hz"),
        "depth": Range(0.2, 0.6),
        "centre_delay_ms": Range(5, 10, "ms"),
        "feedback": Range(0.1, 0.6),
    },
    "delay": {
        "mix": Range(0.2, 0.7),
        "delay_seconds": Range(0.1, 1.0, "s", log=True),
        "feedback": Range(0.05, 0.6),
    },
    "phaser": {
        "mix": Range(0.2, 0.7),
        "rate_hz": Range(0.25, 5.0, "Hz"),
        "depth": Range(0.2, 0.6),
        "centre_frequency_hz": Range(200, 600, "Hz"),
        "feedback": Range(0.1, 0.6),
    },
    "amp": {name: Range(*bounds) for name, bounds in AMP_PARAMETERS.items()},
}


@dataclass(frozen=True)
class Effect:
    """One effect and its parameters. Errors: UserError for unknown names, and values far out of range."""

    name: str
    parameters: Mapping[str, float]

    def __post_init__(self) -> None:
        if self.name not in EFFECTS:
            raise UserError(f"{self.name}: no such effect; choose of {', '.join(EFFECTS)}")
        if set(self.parameters) != set(RANGES[self.name]):
            raise UserError(f"{self.name} has the parameters {', '.join(RANGES[self.name])}; give these")
        for name, value in self.parameters.items():
            _check(self.name, name, value)

    @property
    def label(self) -> str:
        return LABELS.get(self.name, self.name)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Effect:
        return cls(record["name"], {name: float(value) for name, value in record["parameters"].items()})


Chain = tuple[Effect, ...]


def draw_effect(name: str, rng: np.random.Generator, *, amps: Sequence[Amp]) -> Effect:
    """An effect with drawn parameters; the settings of an amp are one of `amps`."""
    if name == "amp":
        return Effect(name, dict(amps[rng.integers(len(amps))]))
    return Effect(name, {key: bounds.draw(rng) for key, bounds in RANGES[name].items()})


def draw_chain(count: int, rng: np.random.Generator, *, amps: Sequence[Amp]) -> Chain:
    """`count` different effects, 0 to MOST, in the order of ORDER, at most one of CLIPPING."""
    if not 0 <= count <= MOST:
        raise ValueError(f"count must be 0..{MOST}, got {count}")
    clipping = CLIPPING[rng.integers(len(CLIPPING))]
    candidates = [name for name in EFFECTS if name not in CLIPPING or name == clipping]
    # Each of EFFECTS as often as the others when one is drawn: clipping ones share a place among candidates.
    weights = np.array([len(CLIPPING) if name == clipping else 1.0 for name in candidates])
    drawn = rng.choice(len(candidates), size=count, replace=False, p=weights / weights.sum())
    names = in_order(candidates[place] for place in drawn)
    return tuple(draw_effect(name, rng, amps=amps) for name in names)


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Effects in the order of ORDER, in which guitarists have them."""
    return tuple(sorted(names, key=ORDER.index))


def parse_chain(text: str) -> Chain:
    """Read "distortion:20,reverb:0.4": names with the first parameter of RANGES, the middle without one.

    The chain is played in the order given. Errors: UserError.
    """
    chain = []
    for word in text.split(","):
        name, colon, value = word.strip().partition(":")
        if name not in RANGES:
            raise UserError(f"{word.strip()}: no such effect; choose of {', '.join(EFFECTS)}")
        parameters = {key: bounds.middle for key, bounds in RANGES[name].items()}
        if colon:
            first = next(iter(RANGES[name]))
            try:
                parameters[first] = float(value)
            except ValueError:
                raise UserError(f"{word.strip()}: {value!r} is no number; give {first} of {name}") from None
        chain.append(Effect(name, parameters))
    if len(chain) > MOST:
        raise UserError(f"{len(chain)} effects are too many; give at most {MOST}")
    return tuple(chain)


def apply_chain(dry: Waveform, chain: Sequence[Effect], *, sample_rate: int) -> Waveform:
    """The guitar through all effects in turn, as loud as before and as long: what rings on is cut.

    Silence stays silence.
    """
    wet, loudness = np.asarray(dry, dtype=np.float32), rms(dry)
    if loudness < SILENCE or not chain:
        return wet
    for effect in chain:
        wet = _PROCESSORS[effect.name](at_rms(wet, LEVEL), sample_rate, **effect.parameters)
    return at_rms(wet, loudness)


def at_rms(waveform: Waveform, wanted: float) -> Waveform:
    """Scaled to the RMS `wanted`; silence stays as it is."""
    loudness = rms(waveform)
    return waveform if loudness < SILENCE else (waveform * (wanted / loudness)).astype(np.float32)


def rms(waveform: Waveform) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64)))) if waveform.size else 0.0


def _check(effect: str, name: str, value: float) -> None:
    bounds = RANGES[effect][name]
    # Drawn values lie within; what people ask for may go as far again, but not below 0, nor above 1, where
    # no drawn value does: a mix ends at 1.
    width = bounds.high - bounds.low
    low = max(bounds.low - width, 0.0) if bounds.low >= 0 else bounds.low - width
    high = min(bounds.high + width, 1.0) if bounds.high <= 1 else bounds.high + width
    if not low <= value <= high:
        unit = f" {bounds.unit}" if bounds.unit else ""
        raise UserError(f"{effect}: {name} is {value:g}; give {low:g} to {high:g}{unit}")


def _plugin(name: str) -> Callable[..., Waveform]:
    """An effect of pedalboard as a function of (waveform, sample_rate, **parameters)."""

    def process(waveform: Waveform, sample_rate: int, **parameters: float) -> Waveform:
        import pedalboard  # here, since it takes a while and only data and --add need it

        plugin = getattr(pedalboard, name)(**parameters)
        return plugin(waveform[None], sample_rate, reset=True)[0]

    return process


def _reverb(waveform: Waveform, sample_rate: int, *, mix: float, **parameters: float) -> Waveform:
    return _plugin("Reverb")(waveform, sample_rate, wet_level=mix, dry_level=1 - mix, width=1.0, **parameters)


_PROCESSORS: dict[str, Callable[..., Waveform]] = {
    "distortion": _plugin("Distortion"),
    "overdrive": overdriven,
    "compressor": _plugin("Compressor"),
    "reverb": _reverb,
    "chorus": _plugin("Chorus"),
    "delay": _plugin("Delay"),
    "phaser": _plugin("Phaser"),
    "amp": amplified,
}
