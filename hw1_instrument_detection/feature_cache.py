"""What a frozen encoder says of a clip never changes: computed once and kept, so heads train in seconds.

    cache = FeatureCache(folder, encoder)
    train = cache.dataset(clips)                  # computes what is missing, then reads float16 from disk
    fit(CachedDetector(detector), training_loader(train, config), ...)  # the run folder is a detector's

A file for each clip, named by what it depends on: the encoder's config and weights, the audio file (name,
size and time), the place in it. Other weights or edited audio are other names; nothing has to be cleared by
hand. Stopped at any moment, it goes on with the clips that are missing. Clips are cached as they are: no
augmentation of waveforms, and none inside the encoder, which is in eval mode.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset
from tqdm import tqdm

from common.cli import UserError
from common.run_folder import write_atomically
from common.run_folder.files import plain
from common.training import collate_readable
from hw1_instrument_detection.clip_dataset import ClipDataset
from hw1_instrument_detection.clip_index import ClipIndex


class FeatureCache:
    """Features of clips by `encoder`, which is frozen, kept in a folder of its own below `folder`."""

    def __init__(self, folder: str | Path, encoder: nn.Module) -> None:
        self.encoder = encoder.eval()
        self.folder = Path(folder) / fingerprint(encoder)

    def dataset(self, clips: ClipIndex, *, batch_size: int = 16, workers: int = 0) -> CachedFeatures:
        """The clips as features. Unreadable ones are told on standard error and left out.

        Errors: UserError if none of them can be read.
        """
        names = [f"{digest(identity(clips, position))}.npy" for position in range(len(clips))]
        missing = [i for i, name in enumerate(names) if not (self.folder / name).is_file()]
        if missing:
            self._compute(clips, missing, names, batch_size=batch_size, workers=workers)
        there = np.array(
            [i for i, name in enumerate(names) if (self.folder / name).is_file()], dtype=np.int64
        )
        if not len(there):
            raise UserError(f"{clips.folder}: none of the clips can be read; check the data")
        return CachedFeatures(clips, there, [self.folder / names[i] for i in there])

    @torch.inference_mode()
    def _compute(
        self, clips: ClipIndex, missing: Sequence[int], names: Sequence[str], *, batch_size: int, workers: int
    ) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        dataset = ClipDataset(clips, sample_rate=self.encoder.sample_rate, replace_broken=False)
        loader = DataLoader(
            Subset(dataset, missing), batch_size=batch_size, num_workers=workers, collate_fn=collate_readable
        )
        device = next(self.encoder.parameters()).device
        self.encoder.eval()
        for batch in tqdm(loader, desc="features", unit="batch", leave=False, disable=None):
            if batch is not None:  # not a single one of its clips can be read
                features = fixed_features(self.encoder, batch["waveform"].to(device)).half().cpu().numpy()
                for position, item in zip(batch["index"].tolist(), features, strict=True):
                    write_array(self.folder / names[position], item)
        dataset.problems().report(clips.folder)
        print(f"features: {self.folder}", file=sys.stderr)


class CachedFeatures(Dataset):
    """Clips whose features are on disk.

    An item is that of a `ClipDataset`, but for `waveform`: features float32, what `CachedDetector` takes in
    its place, so that losses and validations need not know the difference. `positions` (clips,) are theirs
    in the index.
    """

    def __init__(self, clips: ClipIndex, positions: np.ndarray, paths: Sequence[Path]) -> None:
        self.clips, self.positions, self.paths = clips, positions, paths

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, item: int) -> dict:
        position = int(self.positions[item])
        target = torch.from_numpy(self.clips.targets[position].astype(np.float32))
        return {"waveform": read_array(self.paths[item]), "target": target, "index": position}


class CachedDetector(nn.Module):
    """A detector that is given cached features instead of waveforms; its tensors are the detector's own.

    What of the encoder learns on top of the features (the sum over a checkpoint's layers) and the head are
    trained in place: the detector around them is trained with them, and so is what a run folder keeps.
    """

    def __init__(self, detector: nn.Module) -> None:
        super().__init__()
        self.config = detector.config
        self.encoder, self.head = detector.encoder, detector.head

    def forward(self, features: Tensor) -> Tensor:
        return self.activity(features)[0]

    def activity(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Clip logits (B, 9) and frame logits (B, 9, T)."""
        return self.head(learnt_features(self.encoder, features))

    def train(self, mode: bool = True) -> CachedDetector:
        super().train(mode)
        self.encoder.eval()
        return self


def fixed_features(encoder: nn.Module, waveform: Tensor) -> Tensor:
    """What of a frozen encoder's work never changes: (B, S) -> (B, ...)."""
    return getattr(encoder, "fixed_features", encoder)(waveform)


def learnt_features(encoder: nn.Module, fixed: Tensor) -> Tensor:
    """The encoder's features (B, D, T) from `fixed_features`."""
    return encoder.learnt_features(fixed) if hasattr(encoder, "learnt_features") else fixed


def fingerprint(encoder: nn.Module) -> str:
    """A digest of all that the features depend on: the encoder's config and the weights that stay.

    Errors: ValueError if something learns that comes before the features.
    """
    own = {id(weight) for weight in getattr(encoder, "layer_sum", nn.Module()).parameters()}
    if any(weight.requires_grad and id(weight) not in own for weight in encoder.parameters()):
        raise ValueError("the encoder must be frozen: what it says of a clip would change")
    found = hashlib.sha256(json.dumps(plain(encoder.config), sort_keys=True).encode())
    for name, tensor in sorted(encoder.state_dict(keep_vars=True).items()):
        if id(tensor) not in own:
            found.update(name.encode())
            found.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()[:16]


def identity(clips: ClipIndex, position: int) -> str:
    """What names a clip and changes with its audio; a file that is gone is told when it is read."""
    path = clips.path(position)
    stat = path.stat() if path.is_file() else None
    place = path.relative_to(clips.folder) if path.is_relative_to(clips.folder) else path
    stamp = (stat.st_size, stat.st_mtime_ns) if stat else ()
    return json.dumps([place.as_posix(), *stamp, float(clips.start[position])])


def digest(text: str) -> str:
    """A name for a file."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def write_array(path: Path, array: np.ndarray) -> None:
    """Write a .npy, whole or not at all."""
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    write_atomically(path, content.getvalue())


def read_array(path: Path) -> Tensor:
    """The float16 features in a .npy as float32. Errors: UserError if they are gone or torn."""
    try:
        return torch.from_numpy(np.load(path, allow_pickle=False).astype(np.float32))
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path}: cached features cannot be read; delete {path.parent}") from error
