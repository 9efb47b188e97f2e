"""The sounds of the skeleton: noise, sawtooth, sine and square tones, each under some white noise.

    python final_project/project_name/data.py make      # seconds, into data/
    python final_project/project_name/data.py info      # sounds by kind and split

A data folder holds SPLIT/KIND/NNN.wav for the splits train, valid and test; recordings of yours may, too.
Waveforms are float32 in [-1, 1], shape (samples,), 16 kHz, half a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import tyro
from torch.utils.data import Dataset

from common import audio, cli, mini_data
from common.cli import UserError
from common.training_data import DataRecord, folder_name

KINDS = ("noise", "sawtooth", "sine", "square")
SPLITS = ("train", "valid", "test")
SAMPLE_RATE = 16_000  # Hz
NUM_SAMPLES = SAMPLE_RATE // 2
SOUNDS = {"train": 60, "valid": 20, "test": 40}  # of each kind
QUICK_SOUNDS = {"train": 12, "valid": 6, "test": 6}
PITCHES = (40, 88)  # MIDI numbers, of the tones
NOISE_DB = (-15.0, 15.0)  # the white noise, relative to the tone: in the loudest, a tone can hardly be told
MINI = "mini.json"  # marks data that this file made
DEFAULT_DATA = Path(__file__).resolve().parents[2] / "data" / "project_name"
QUICK_NAME = "project_name_quick"


@dataclass(frozen=True)
class TrainingData(DataRecord):
    """What a model was trained on: the name of the data, and the training sounds of each kind."""

    train_counts: tuple[int, ...]


class Sounds(Dataset):
    """The sounds of a split, read one at a time: `waveform` float32 (samples,) and `target`, its kind."""

    def __init__(self, folder: Path) -> None:
        places = [(path, kind) for kind in KINDS for path in sorted((folder / kind).glob("*.wav"))]
        if not places:
            raise UserError(f"{folder}: holds no KIND/NNN.wav; give the folder that data.py made with --data")
        self.paths, kinds = zip(*places, strict=True)
        self.targets = np.array([KINDS.index(kind) for kind in kinds])

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> dict:
        waveform = torch.from_numpy(read_sound(self.paths[index]))
        return {"waveform": waveform, "target": int(self.targets[index])}

    def counts(self) -> tuple[int, ...]:
        """Sounds of each kind."""
        return tuple(np.bincount(self.targets, minlength=len(KINDS)).tolist())


def read_sound(path: Path) -> np.ndarray:
    """The first half second of a recording, (samples,), padded with zeros. Errors: AudioError."""
    waveform = audio.read(path, sample_rate=SAMPLE_RATE, mono=True)[0][0, :NUM_SAMPLES]
    return np.pad(waveform, (0, NUM_SAMPLES - len(waveform)))


def open_training_splits(root: Path) -> tuple[Sounds, Sounds]:
    """Training and validation sounds: all that training and the choice of a model may see."""
    return Sounds(root / "train"), Sounds(root / "valid")


def open_test_split(root: Path) -> Sounds:
    """The sounds to evaluate on, for eval.py alone."""
    return Sounds(root / "test")


def default_data(*, quick: bool = False) -> Path:
    """Where the sounds lie that this file makes."""
    return DEFAULT_DATA.with_name(QUICK_NAME) if quick else DEFAULT_DATA


def ensure_data(path: Path | None, *, quick: bool = False) -> Path:
    """The data folder `path`; without one, the sounds made here, made now if they are not there yet."""
    make, root = partial(make_data, quick=quick), default_data(quick=quick)
    return mini_data.ensure(path, root, make=make, name="set of sounds", cost="seconds", quick=quick)


def make_data(root: Path, *, seed: int = 0, quick: bool = False) -> None:
    """Make the sounds in `root`; beside it first, renamed when complete. The same seed, the same bytes."""
    mini_data.make_once(root, partial(write_sounds, seed=seed, counts=QUICK_SOUNDS if quick else SOUNDS))


def write_sounds(root: Path, *, seed: int, counts: dict[str, int]) -> None:
    for split, kind, number in [(s, k, n) for s in SPLITS for k in KINDS for n in range(counts[s])]:
        generator = np.random.default_rng([seed, SPLITS.index(split), KINDS.index(kind), number])
        waveform = sound(kind, generator)[None]
        audio.write(root / split / kind / f"{number:03d}.wav", waveform, sample_rate=SAMPLE_RATE)
    (root / MINI).write_text(f'{{"seed": {seed}}}\n')


def sound(kind: str, generator: np.random.Generator) -> np.ndarray:
    """One sound of that kind, float32 (samples,): pitch, level and noise are drawn."""
    noise = generator.standard_normal(NUM_SAMPLES)
    if kind != "noise":
        frequency = 440.0 * 2 ** ((generator.uniform(*PITCHES) - 69) / 12)
        noise_level = 10 ** (generator.uniform(*NOISE_DB) / 20)
        noise = tone(kind, frequency) + noise_level * noise
    peak = generator.uniform(0.1, 0.9)
    return (peak * noise / np.abs(noise).max()).astype(np.float32)


def tone(kind: str, frequency: float) -> np.ndarray:
    """A tone of RMS 1, summed from its harmonics below half the sample rate, so that nothing aliases."""
    harmonics = np.arange(1, int(SAMPLE_RATE / 2 // frequency) + 1)
    harmonics = {"sine": harmonics[:1], "square": harmonics[::2], "sawtooth": harmonics}[kind]
    phases = 2 * np.pi * frequency * np.arange(NUM_SAMPLES) / SAMPLE_RATE
    waveform = (np.sin(harmonics[:, None] * phases) / harmonics[:, None]).sum(axis=0)  # (harmonics, samples)
    return waveform / np.sqrt(np.mean(waveform**2))


def training_data(root: Path, train: Sounds) -> TrainingData:
    """What to keep beside a model of its data."""
    return TrainingData(folder_name(root), is_mini(root), train.counts())


def is_mini(root: Path) -> bool:
    """Whether the data were made here: never to be compared with scores on real ones."""
    return (root / MINI).is_file()


@dataclass
class Make:
    """Make the sounds."""

    data: Path = DEFAULT_DATA
    """Folder to make."""
    seed: int = 0
    """The same seed gives the same bytes."""

    def execute(self) -> None:
        make_data(self.data, seed=self.seed)
        Info(self.data).execute()


@dataclass
class Info:
    """Count the sounds of each kind and split."""

    data: Path = DEFAULT_DATA
    """Data folder."""

    def execute(self) -> None:
        counts = {split: Sounds(self.data / split).counts() for split in SPLITS}
        print(f"{'sounds':10}" + "".join(f"{split:>8}" for split in SPLITS))
        for number, kind in enumerate(KINDS):
            print(f"{kind:10}" + "".join(f"{counts[split][number]:8,}" for split in SPLITS))


@dataclass
class Check:
    """Read every sound. The exit code is 2 if one cannot be read."""

    data: tyro.conf.Positional[Path]
    """Data folder."""

    def execute(self) -> int:
        broken = 0
        for path in [path for split in SPLITS for path in Sounds(self.data / split).paths]:
            try:
                read_sound(path)
            except audio.AudioError as error:
                broken += 1
                cli.say(f"error: {error}")
        print(f"{self.data}: {broken} sounds cannot be read")
        return 2 if broken else 0


def main(command: Make | Info | Check) -> int | None:
    return command.execute()


if __name__ == "__main__":
    cli.run(main, Make | Info | Check)
