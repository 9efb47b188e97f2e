"""The features of all notes of an index, computed once and kept on the disk.

The table is computed and kept in parts of PART notes, so an interrupted call goes on where it was, and memory
holds one batch of waveforms beside the table itself. The file of a part is named by everything that its
content depends on: the settings, the code, and the name, size and time of each recording. So a part either is
what would be computed, or is not found.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from joblib import Parallel, delayed
from tqdm import tqdm

import common.features
import common.pooling
from common.run_folder import ModelFolderError, read_tensors, tensor_bytes, write_atomically
from hw0_note_classification.note_dataset import note_batches
from hw0_note_classification.note_index import NoteIndex
from hw0_note_classification.traditional import features as this_package
from hw0_note_classification.traditional.features import FeatureExtractor

PART = 512  # notes of a file: some seconds of work are the most that an interruption costs
BATCH = 32  # notes: their frames are 130 MB


class FeatureTable(NamedTuple):
    """Pooled features (notes, columns) float32, and what the notes are: (notes,) each."""

    features: np.ndarray
    targets: np.ndarray
    groups: np.ndarray

    def rows(self, selection: np.ndarray) -> FeatureTable:
        return FeatureTable(*(column[selection] for column in self))


def feature_table(
    index: NoteIndex, extractor: FeatureExtractor, *, cache: Path, jobs: int = 1
) -> FeatureTable:
    """The features of every readable note of `index`, from the folder `cache` as far as they are there.

    Errors: UserError naming the recording whose features are NaN or infinite.
    """
    features = np.empty((len(index), extractor.num_columns), dtype=np.float32)
    readable = np.zeros(len(index), dtype=bool)
    shown = {"desc": f"features of {index.folder.name}", "unit": " notes", "leave": False}
    with tqdm(total=len(index), disable=None, **shown) as progress:  # None: only where somebody can see it
        for first in range(0, len(index), PART):
            part = index.subset(np.arange(first, min(first + PART, len(index))))
            positions, values = _part(part, extractor, cache, jobs)
            features[first + positions], readable[first + positions] = values, True
            progress.update(len(part))
    table = FeatureTable(features, index.family.astype(np.int64), index.groups)
    return table if readable.all() else table.rows(readable)


def part_name(index: NoteIndex, extractor: FeatureExtractor) -> str:
    """A digest of all that the features of these notes depend on."""
    digest = hashlib.sha256(_code().encode())
    digest.update(json.dumps(dataclasses.asdict(extractor.settings), sort_keys=True).encode())
    for position in range(len(index)):
        digest.update(f"{index.names[position].decode()} {_stamp(index.path(position))}\n".encode())
    return digest.hexdigest()


def _part(
    index: NoteIndex, extractor: FeatureExtractor, cache: Path, jobs: int
) -> tuple[np.ndarray, np.ndarray]:
    """Positions (readable notes,) and features (readable notes, columns) of one part."""
    name = part_name(index, extractor)
    path = cache / f"{name}.safetensors"
    if path.is_file():
        try:
            tensors, metadata = read_tensors(path)
            if metadata.get("key") == name:
                return tensors["positions"].numpy(), tensors["features"].numpy()
        except (ModelFolderError, KeyError):
            pass  # a spoilt file is computed again
    positions, features = _compute(index, extractor, jobs)
    cache.mkdir(parents=True, exist_ok=True)
    write_atomically(path, tensor_bytes({"positions": positions, "features": features}, {"key": name}))
    return positions, features


def _compute(index: NoteIndex, extractor: FeatureExtractor, jobs: int) -> tuple[np.ndarray, np.ndarray]:
    """A batch to each thread, not all threads to each operation: so none waits for another."""

    def of_batch(batch: dict[str, torch.Tensor]) -> tuple[np.ndarray, np.ndarray]:
        positions = batch["index"].numpy()
        return positions, extractor(batch["waveform"], [str(index.path(i)) for i in positions])

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        batches = note_batches(index, batch_size=BATCH)
        done = Parallel(n_jobs=jobs, require="sharedmem")(delayed(of_batch)(batch) for batch in batches)
    finally:
        torch.set_num_threads(threads)
    nothing = np.empty(0, dtype=np.int64), np.empty((0, extractor.num_columns), dtype=np.float32)
    positions, features = zip(nothing, *done, strict=True)
    return np.concatenate(positions), np.concatenate(features)


def _stamp(recording: Path) -> str:
    try:
        status = recording.stat()
    except OSError:
        return "missing"
    return f"{status.st_size} {status.st_mtime_ns}"


def _code() -> str:
    """What a change of the code changes, be it ours or torch's."""
    folder = Path(common.features.__file__).parent
    files = [*sorted(folder.glob("*.py")), Path(common.pooling.__file__), Path(this_package.__file__)]
    return torch.__version__ + "".join(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
