"""Melodies made without a look at the lyrics: what every model must be held against.

    random      each note by itself, each attribute by its share in the training data
    markov      a chain: the next rest, duration and pitch by what followed the like in the training data
    retrieval   a melody of the training data, whichever, under lyrics that are not its own

Retrieval repeats itself, moves and breathes as true melodies do, and so beats most published models in every
statistic of melodies: statistics cannot show that the lyrics were used. Random and markov are distributions,
so they have a likelihood, too. All is counted, nothing trained. `save_baselines` writes the tables into each
run folder, so that a model can be compared without its training data.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from common.run_folder import (
    ModelFolderError,
    read_tensors,
    strict_dataclass,
    tensor_bytes,
    write_atomically,
)
from common.run_folder.files import FORMAT, check_header, json_bytes, read_json
from hw3_melody_generation import ASSIGNMENT
from hw3_melody_generation.constraints import Constraints
from hw3_melody_generation.encoding import ATTRIBUTES, DURATION, PITCH, REST, Vocabulary
from hw3_melody_generation.note_counts import marginals, steps_table, transitions
from hw3_melody_generation.sampling import Sampling, draw
from hw3_melody_generation.songs import PITCHES

TENSORS, CONFIG = "baselines.safetensors", "baselines.json"
MAX_WINDOWS = 4096  # kept by retrieval: more than a test set asks for, few enough to lie in every run folder


class Baseline(nn.Module):
    """Made by `fitted`, or from its own buffers."""

    name: ClassVar[str]
    has_likelihood: ClassVar[bool] = True

    def __init__(self, vocabulary: Vocabulary, buffers: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        for name, values in buffers.items():
            self.register_buffer(name, values)

    @classmethod
    def fitted(cls, notes: Tensor, vocabulary: Vocabulary) -> Self:
        """From the training windows, whose codes are `notes`, int64 (N, T, 3)."""
        raise NotImplementedError

    def generate(
        self,
        batch: Mapping[str, Tensor],
        *,
        sampling: Sampling,
        generator: torch.Generator,
        constraints: Constraints | None = None,
    ) -> Tensor:
        """Notes int64 (B, T, 3) for `batch`, of which nothing but the number and length of texts is seen.

        generator: on the CPU. Retrieval, which draws no notes, has no use for `sampling`, and moves pitches
        that are not allowed to the next one that is.
        """
        mask = batch["mask"]
        notes = torch.zeros(*mask.shape, 3, dtype=torch.long, device=mask.device)
        self._compose(notes, _Chooser(sampling, generator, constraints))
        return notes

    def log_probability(self, batch: Mapping[str, Tensor]) -> Tensor:
        """log p of pitch, duration and rest of each note given those before: float32 (B, T, 3), nats."""
        raise NotImplementedError

    def rest_probability(self, batch: Mapping[str, Tensor]) -> Tensor:
        """The probability of any rest before each note given the notes before: float32 (B, T)."""
        raise NotImplementedError

    def problem(self) -> str:
        """What is wrong with the buffers, whose values may come from anywhere; "" if nothing."""
        for name, shape in self.shapes(self.vocabulary).items():
            table = getattr(self, name)
            if table.shape != shape or table.dtype != torch.float32:
                return f"{name} is {table.dtype} {tuple(table.shape)} instead of torch.float32 {shape}"
            if not ((table > 0).all() and ((table.sum(-1) - 1).abs() < 1e-3).all()):
                return f"{name} holds other things than probabilities"
        return ""

    @staticmethod
    def shapes(vocabulary: Vocabulary) -> dict[str, tuple[int, ...]]:
        """The buffers: tables of probabilities, float32, whose rows sum to one."""
        raise NotImplementedError

    def _compose(self, notes: Tensor, choose: _Chooser) -> None:
        """Fill notes (B, T, 3)."""
        raise NotImplementedError


class _Chooser:
    """What a baseline leaves to chance."""

    def __init__(
        self, sampling: Sampling, generator: torch.Generator, constraints: Constraints | None
    ) -> None:
        self.sampling, self.generator = sampling, generator
        self.constraints = constraints or Constraints()

    def value(self, probability: Tensor) -> Tensor:
        """Drawn from the rows of probability (..., V): int64 (...)."""
        rows = probability.cpu().log().flatten(0, -2)
        return draw(rows, self.sampling, self.generator).view(probability.shape[:-1]).to(probability.device)

    def pitch(self, probability: Tensor) -> Tensor:
        """The same among the allowed pitches."""
        return self.value(probability * self.constraints.allowed_pitches().to(probability.device))

    def window(self, windows: Tensor, shape: tuple[int, ...]) -> Tensor:
        """Some of windows (N, T, 3): int64 (*shape, T, 3), the pitches moved to the nearest allowed ones."""
        drawn = torch.randint(len(windows), shape, generator=self.generator)
        notes = windows[drawn.to(windows.device)].long()
        notes[..., PITCH] = self.constraints.nearest_allowed().to(notes.device)[notes[..., PITCH]]
        return notes


class RandomMelodies(Baseline):
    """pitch, duration, rest: their shares among all notes."""

    name = "random"

    @classmethod
    def fitted(cls, notes: Tensor, vocabulary: Vocabulary) -> Self:
        return cls(vocabulary, dict(zip(ATTRIBUTES, marginals(notes, vocabulary), strict=True)))

    @staticmethod
    def shapes(vocabulary: Vocabulary) -> dict[str, tuple[int, ...]]:
        return {name: (size,) for name, size in zip(ATTRIBUTES, vocabulary.sizes, strict=True)}

    def log_probability(self, batch: Mapping[str, Tensor]) -> Tensor:
        pitch, duration, rest = batch["notes"].unbind(-1)
        return torch.stack([self.pitch[pitch], self.duration[duration], self.rest[rest]], dim=-1).log()

    def rest_probability(self, batch: Mapping[str, Tensor]) -> Tensor:
        return (1 - self.rest[0]).expand(batch["mask"].shape)

    def _compose(self, notes: Tensor, choose: _Chooser) -> None:
        texts, steps, _ = notes.shape
        notes[..., PITCH] = choose.pitch(self.pitch.expand(texts, steps, -1))
        notes[..., DURATION] = choose.value(self.duration.expand(texts, steps, -1))
        notes[..., REST] = choose.value(self.rest.expand(texts, steps, -1))


class MarkovMelodies(Baseline):
    """A chain of the first order; of each note it chooses the rest, then the duration, then the pitch.

    rest (D + 1, R, R): given the duration of the note before, and the rest before that.
    duration (D + 1, R, D): given the duration of the note before, and the rest since.
    pitch (129, 2, 128): given the pitch before, and whether there was a rest since. A rare pitch borrows from
        the others: its row is pulled towards what the same steps in semitones do elsewhere.

    The last row is for the first note: shares among all notes, as the windows begin anywhere in their songs.
    """

    name = "markov"

    @classmethod
    def fitted(cls, notes: Tensor, vocabulary: Vocabulary) -> Self:
        pitch, duration, rest = notes[:, 1:].reshape(-1, 3).unbind(-1)
        pitch_before, duration_before, rest_before = notes[:, :-1].reshape(-1, 3).unbind(-1)
        paused = (rest > 0).long()
        _, durations, rests = vocabulary.sizes
        any_pitch, any_duration, any_rest = marginals(notes, vocabulary)

        by_duration = transitions(any_rest.expand(durations, -1), rest, duration_before)
        of_rest = transitions(each_of(by_duration, rests), rest, duration_before, rest_before)
        by_duration = transitions(any_duration.expand(durations, -1), duration, duration_before)
        of_duration = transitions(each_of(by_duration, rests), duration, duration_before, rest)
        by_pitch = transitions(steps_table(pitch - pitch_before), pitch, pitch_before)
        of_pitch = transitions(each_of(by_pitch, 2), pitch, pitch_before, paused)
        tables = {
            "pitch": torch.cat([of_pitch, any_pitch.expand(1, 2, -1)]),
            "duration": torch.cat([of_duration, any_duration.expand(1, rests, -1)]),
            "rest": torch.cat([of_rest, any_rest.expand(1, rests, -1)]),
        }
        return cls(vocabulary, tables)

    @staticmethod
    def shapes(vocabulary: Vocabulary) -> dict[str, tuple[int, ...]]:
        pitches, durations, rests = vocabulary.sizes
        return {
            "pitch": (pitches + 1, 2, pitches),
            "duration": (durations + 1, rests, durations),
            "rest": (durations + 1, rests, rests),
        }

    def log_probability(self, batch: Mapping[str, Tensor]) -> Tensor:
        before = self._start(batch["notes"]).unbind(-1)
        pitch, duration, rest = batch["notes"].unbind(-1)
        chosen = (
            self.pitch[before[PITCH], (rest > 0).long(), pitch],
            self.duration[before[DURATION], rest, duration],
            self.rest[before[DURATION], before[REST], rest],
        )
        return torch.stack(chosen, dim=-1).log()

    def rest_probability(self, batch: Mapping[str, Tensor]) -> Tensor:
        _, duration, rest = self._start(batch["notes"]).unbind(-1)
        return 1 - self.rest[duration, rest, 0]

    def _compose(self, notes: Tensor, choose: _Chooser) -> None:
        before = self._start(notes[:, :1])[:, 0]
        for step in range(notes.shape[1]):
            rest = choose.value(self.rest[before[:, DURATION], before[:, REST]])
            duration = choose.value(self.duration[before[:, DURATION], rest])
            pitch = choose.pitch(self.pitch[before[:, PITCH], (rest > 0).long()])
            notes[:, step] = before = torch.stack([pitch, duration, rest], dim=-1)

    def _start(self, notes: Tensor) -> Tensor:
        """The note before each of notes (B, T, 3); before the first, that of the tables' last row."""
        _, durations, _ = self.vocabulary.sizes
        start = torch.tensor([PITCHES, durations, 0], device=notes.device).expand(len(notes), 1, 3)
        return torch.cat([start, notes[:, :-1]], dim=1)


class RetrievedMelodies(Baseline):
    """windows int16 (N, T, 3): codes of training windows. Longer texts get several, one after another.

    Without a likelihood: all melodies but those that it knows by heart would be impossible.
    """

    name = "retrieval"
    has_likelihood = False

    @classmethod
    def fitted(cls, notes: Tensor, vocabulary: Vocabulary) -> Self:
        kept = torch.randperm(len(notes), generator=torch.Generator().manual_seed(0))[:MAX_WINDOWS]
        return cls(vocabulary, {"windows": notes[kept].to(torch.int16)})

    @staticmethod
    def shapes(vocabulary: Vocabulary) -> dict[str, tuple[int, ...]]:
        return {"windows": (-1, -1, 3)}

    def problem(self) -> str:
        windows = self.windows
        if windows.dtype != torch.int16 or windows.ndim != 3 or windows.shape[2] != 3 or not windows.numel():
            return f"windows is {windows.dtype} {tuple(windows.shape)} instead of torch.int16 (N, T, 3)"
        if not ((windows >= 0) & (windows < torch.tensor(self.vocabulary.sizes))).all():
            return "windows holds codes that are not in the vocabulary"
        return ""

    def _compose(self, notes: Tensor, choose: _Chooser) -> None:
        texts, steps, _ = notes.shape
        pieces = math.ceil(steps / self.windows.shape[1])
        notes[:] = choose.window(self.windows, (texts, pieces)).flatten(1, 2)[:, :steps]


def each_of(table: Tensor, count: int) -> Tensor:
    """(C, V) -> (C, count, V): the same, whatever the second condition."""
    return table[:, None].expand(-1, count, -1)


# ---- in a run folder ----

BASELINES: tuple[type[Baseline], ...] = (RandomMelodies, MarkovMelodies, RetrievedMelodies)


def fit_baselines(notes: Tensor, vocabulary: Vocabulary) -> dict[str, Baseline]:
    """All three by name, from the codes of training windows, int64 (N, T, 3)."""
    return {baseline.name: baseline.fitted(notes, vocabulary) for baseline in BASELINES}


def save_baselines(folder: Path, baselines: Mapping[str, Baseline]) -> None:
    """Write `baselines` (of `fit_baselines`) into the run folder `folder`."""
    tensors = {f"{n}/{key}": table for n, each in baselines.items() for key, table in each.named_buffers()}
    vocabulary = next(iter(baselines.values())).vocabulary
    write_atomically(folder / TENSORS, tensor_bytes(tensors))
    record = {"format": FORMAT, "assignment": ASSIGNMENT, "vocabulary": vocabulary}
    write_atomically(folder / CONFIG, json_bytes(record))


def load_baselines(folder: Path) -> dict[str, Baseline]:
    """What `save_baselines` wrote. Errors: ModelFolderError for files that are missing or unlike its own."""
    for path in (folder / TENSORS, folder / CONFIG):
        if not path.is_file():
            raise ModelFolderError(f"{path}: not there; give a run folder that train.py wrote")
    vocabulary = _read_vocabulary(folder / CONFIG)
    tensors, _ = read_tensors(folder / TENSORS)
    baselines = {}
    for baseline in BASELINES:
        prefix = f"{baseline.name}/"
        names = [name for name in tensors if name.startswith(prefix)]
        buffers = {name.removeprefix(prefix): tensors.pop(name) for name in names}
        baselines[baseline.name] = _checked(baseline, vocabulary, buffers, folder / TENSORS)
    if tensors:
        raise ModelFolderError(f"{folder / TENSORS}: unknown {', '.join(sorted(tensors))}; train again")
    return baselines


def _checked(
    baseline: type[Baseline], vocabulary: Vocabulary, buffers: Mapping[str, Tensor], path: Path
) -> Baseline:
    if wrong := buffers.keys() ^ baseline.shapes(vocabulary).keys():
        raise ModelFolderError(f"{path}: {baseline.name}/{min(wrong)} missing or unknown; train again")
    model = baseline(vocabulary, buffers)
    if problem := model.problem():
        raise ModelFolderError(f"{path}: no {baseline.name} baseline ({problem}); train again")
    return model


def _read_vocabulary(path: Path) -> Vocabulary:
    record = read_json(path, ModelFolderError)
    check_header(record, path, ASSIGNMENT, ModelFolderError)
    if not isinstance(record.get("vocabulary"), dict):
        raise ModelFolderError(f"{path}: no vocabulary; train again")
    vocabulary = strict_dataclass(Vocabulary, record["vocabulary"], where=path)
    durations, rests = vocabulary.durations, vocabulary.rests
    ordered = ((*durations, math.inf), (*rests, math.inf))
    rising = all(low < high for values in ordered for low, high in itertools.pairwise(values))
    if not (durations and rests and rising and durations[0] > 0 and rests[0] == 0):
        raise ModelFolderError(f"{path}: the vocabulary holds no rising beats; train again")
    return vocabulary
