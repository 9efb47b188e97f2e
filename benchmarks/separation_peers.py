"""The separators that benchmarks/hw2.py measures: SONG -> FOLDER/vocals.wav and FOLDER/accompaniment.wav.

All read and write the same way, with what this course has for it, and differ in what is between: ours, the
default network and `umx`, stream a song in chunks, and a further thread reads ahead; openunmix and Hybrid
Demucs read it whole, as their own programs do. All have random weights, unless ours come from a run.

- openunmix: its network with the sizes of its model `umxhq` (hidden size 512, n_fft 4096, bandwidth 16 kHz),
  for vocals, and its Separator, with the rest as second source and `niter` iterations of its Wiener filter.
- Hybrid Demucs: torchaudio's `hdemucs_high`, four sources, over segments as in torchaudio's tutorial.

Imports are within functions: what a contestant imports is part of its memory, and of nobody else's. Sources:
Stöter, Uhlich, Liutkus and Mitsufuji 2019, "Open-Unmix: a reference implementation for music source
separation"; Défossez 2021, "Hybrid spectrogram and waveform source separation".
"""

from __future__ import annotations

import functools
import importlib
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from benchmarks.memory import peak_megabytes
from common.cli import UserError

if TYPE_CHECKING:
    from hw2_source_separation.separator import Separator

Separate = Callable[[Path, Path], object]  # song, folder

N_FFT, NUM_BINS = 4096, 2049
HEARD_BINS = 1487  # up to 16 kHz
SEGMENT_SECONDS, OVERLAP_SECONDS = 11.0, 0.1  # the tutorial's 10 seconds and a tenth; of neighbours
BLOCK_SECONDS = 10  # written at a time


def take_turn(name: str, model: Path | None, song: Path, threads: int) -> dict[str, float]:
    """Separate `song` once, from file to file, in this process.

    -> cpu and wall, in seconds; start_mb, this process's largest memory before its first song, and peak_mb,
    its largest so far.
    """
    torch.set_num_threads(threads)
    separate, start_mb = prepared(name, model)
    with tempfile.TemporaryDirectory(dir=song.parent) as folder:
        cpu, wall = time.process_time(), time.perf_counter()
        separate(song, Path(folder))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu": cpu, "wall": wall, "start_mb": start_mb, "peak_mb": peak_megabytes(resource.RUSAGE_SELF)}


@functools.cache
def prepared(name: str, model: Path | None) -> tuple[Separate, float]:
    """A contestant, with all its imports, and the memory that it takes, in MB."""
    torch.manual_seed(0)
    separate = CONTESTANTS[name](model)
    return separate, peak_megabytes(resource.RUSAGE_SELF)


# ---- ours ----


def ours(model: Path | None, *, network: str = "bandsplit") -> Separate:
    from hw2_source_separation.streaming import separate_file

    return partial(separate_file, our_separator(model, network=network))


def our_separator(model: Path | None, *, network: str = "bandsplit") -> Separator:
    """That of the run folder `model`, or a fresh one with the default `network`, bandsplit or umx."""
    from hw2_source_separation.models import (
        BandSplitConfig,
        SeparationModel,
        SeparationModelConfig,
        UmxConfig,
    )
    from hw2_source_separation.separator import Separator, load_separator

    if model is not None:
        return load_separator(model, device="cpu")
    config = {"bandsplit": BandSplitConfig, "umx": UmxConfig}[network]()
    return Separator(SeparationModel(SeparationModelConfig(network=config)), torch.device("cpu"))


# ---- peers ----


def openunmix(*, iterations: int) -> Separate:
    network = openunmix_network()
    separator = openunmix_part("model").Separator({"vocals": network}, niter=iterations, residual=True)
    separator.freeze()
    return partial(separate_whole, lambda mixture: separator(mixture[None])[0])


def openunmix_network() -> nn.Module:
    """magnitudes (B, 2, F, T) of the mixture -> those of the vocals."""
    return openunmix_part("model").OpenUnmix(NUM_BINS, nb_channels=2, hidden_size=512, max_bin=HEARD_BINS)


def openunmix_part(name: str) -> ModuleType:
    """The module openunmix.NAME. Errors: UserError where it is missing."""
    try:
        return importlib.import_module(f"openunmix.{name}")
    except ImportError as error:
        raise UserError(
            f"openunmix cannot be imported ({error}); pip install -r benchmarks/requirements.txt,"
            " or leave it out with --peers umx hdemucs"
        ) from error


def hybrid_demucs() -> Separate:
    import torchaudio

    network = torchaudio.models.hdemucs_high(sources=["drums", "bass", "other", "vocals"]).eval()

    def vocals_and_rest(mixture: Tensor) -> Tensor:
        sources = in_segments(network, mixture)  # (4, 2, S)
        return torch.stack([sources[3], sources[:3].sum(dim=0)])

    return partial(separate_whole, vocals_and_rest)


def in_segments(network: nn.Module, mixture: Tensor) -> Tensor:
    """(2, S) -> (sources, 2, S): segment by segment, each fading into the next, the whole scaled to unit
    deviation."""
    from hw2_source_separation.stems import SAMPLE_RATE

    length, fade = (round(SAMPLE_RATE * seconds) for seconds in (SEGMENT_SECONDS, OVERLAP_SECONDS))
    mono = mixture.mean(dim=0)
    scaled = (mixture - mono.mean()) / mono.std()
    total = scaled.new_zeros(len(network.sources), *mixture.shape)
    for start in range(0, max(1, mixture.shape[-1] - fade), length - fade):
        piece = network(scaled[None, :, start : start + length])[0]
        rising = torch.linspace(0, 1, fade)
        if start > 0:
            piece[..., :fade] *= rising
        if start + length < mixture.shape[-1]:
            piece[..., -fade:] *= rising.flip(0)
        total[..., start : start + length] += piece
    return total * mono.std() + mono.mean()


@torch.inference_mode()
def separate_whole(separate: Callable[[Tensor], Tensor], song: Path, folder: Path) -> None:
    """Read all of `song`, let `separate` turn (2, S) into vocals and the rest (2, 2, S), write both."""
    from common import audio
    from hw2_source_separation.stem_files import open_stems
    from hw2_source_separation.stems import SAMPLE_RATE, outputs

    mixture, _ = audio.read(song)
    names = outputs(["vocals"])
    estimates = separate(torch.from_numpy(mixture)).numpy()
    with open_stems(folder, names, info=audio.info(song)) as stems:
        for start in range(0, mixture.shape[-1], BLOCK_SECONDS * SAMPLE_RATE):
            block = estimates[..., start : start + BLOCK_SECONDS * SAMPLE_RATE]
            stems.write(dict(zip(names, block, strict=True)))


CONTESTANTS: dict[str, Callable[[Path | None], Separate]] = {
    "ours": ours,
    "umx": lambda model: ours(None, network="umx"),
    "openunmix": lambda model: openunmix(iterations=0),
    "openunmix-em": lambda model: openunmix(iterations=1),
    "hdemucs": lambda model: hybrid_demucs(),
}
TITLES = {
    "ours": "ours",
    "umx": "our umx",
    "openunmix": "openunmix, niter 0",
    "openunmix-em": "openunmix, niter 1",
    "hdemucs": "torchaudio hdemucs_high",
}
