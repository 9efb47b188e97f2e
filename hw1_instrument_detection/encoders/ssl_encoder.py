"""The mel encoder as another run of HW1 has trained it: pretrain.py without labels, or train.py with them.

It is the very encoder that train.py otherwise begins at random, so the two differ in their weights alone.
"""

from __future__ import annotations

from pathlib import Path

from torch import nn

from common.run_folder import ModelFolderError, load_model, load_weights
from hw1_instrument_detection import ASSIGNMENT
from hw1_instrument_detection.models import build_encoder


def load_ssl_encoder(folder: str | Path) -> nn.Module:
    """The encoder in a model folder of HW1, with its weights. Errors: ModelFolderError if it holds none."""
    config, tensors = load_model(folder, assignment=ASSIGNMENT)
    where = Path(folder) / "config.json"
    if not isinstance(config.get("encoder"), dict):
        raise ModelFolderError(f"{where}: has no encoder; give a folder that pretrain.py or train.py wrote")
    encoder = build_encoder(config["encoder"], where=where)
    prefix = "encoder."
    own = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    load_weights(encoder, own, where=folder)
    return encoder
