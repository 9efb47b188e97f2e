"""Encoders that have learnt elsewhere what sounds are like: `train.py --encoder ...` begins with one of them.

    runs/hw0/cnn         note_encoder.py   the note classifier of HW0, or any folder that it trained
    runs/hw1/pretrain    ssl_encoder.py    what pretrain.py learnt without labels; also a detector's encoder
    mert:PATH            huggingface.py    a checkpoint of MERT, HuBERT, wav2vec 2.0, ... that lies on disk

An encoder is a module from waveforms (B, S) at `sample_rate` Hz to features (B, D, T) with `num_features`
(D), `frames_per_second`, `config`, a JSON-able dict from which `build_encoder` makes it again, and `layers`,
its modules with weights from input to output. What a model folder holds is enough: the folder that an encoder
came from may be gone by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from common.cli import UserError
from common.run_folder import ModelFolderError
from common.run_folder.files import read_json
from hw1_instrument_detection import ASSIGNMENT
from hw1_instrument_detection.encoders.note_encoder import HW0, NoteEncoder, load_note_encoder

CHECKPOINT_PREFIXES = ("mert:", "hf:")


def encoder_from_option(text: str, *, lora: int = 0) -> nn.Module:
    """The encoder that `--encoder text` names, with its weights.

    `lora`: rank of the matrices that adapt a checkpoint (see huggingface.py); 0: none.
    Errors: UserError if there is none, or if it cannot be used.
    """
    for prefix in CHECKPOINT_PREFIXES:
        if text.startswith(prefix):
            from hw1_instrument_detection.encoders.huggingface import load_checkpoint

            return load_checkpoint(Path(text.removeprefix(prefix)), lora_rank=lora)
    if lora:
        raise UserError(f"--lora {lora}: adapts checkpoints only; give --encoder mert:PATH, or leave it out")
    return load_run(Path(text))


def load_run(folder: Path) -> nn.Module:
    """The encoder of a model folder of HW0 or HW1."""
    config = read_json(folder / "config.json", ModelFolderError) if (folder / "config.json").is_file() else {}
    if config.get("assignment") == HW0:
        return load_note_encoder(folder)
    if "model_type" in config:
        raise UserError(f"{folder}: a checkpoint of transformers; give --encoder mert:{folder}")
    if config and config.get("assignment") != ASSIGNMENT:
        raise UserError(f"{folder}: no folder of HW0 or HW1; give one that train.py or pretrain.py wrote")
    from hw1_instrument_detection.encoders.ssl_encoder import load_ssl_encoder

    return load_ssl_encoder(folder)  # and it says what is missing


def build_encoder(config: Mapping[str, Any], *, where: str | Path = "config.json") -> nn.Module:
    """The encoder of an encoder's `config`, with random weights. Errors: ModelFolderError naming `where`."""
    kind, own = config.get("kind"), {key: value for key, value in config.items() if key != "kind"}
    if kind == "note":
        return NoteEncoder.of(own, where=where)
    if kind == "huggingface":
        from hw1_instrument_detection.encoders.huggingface import HuggingFaceEncoder

        return HuggingFaceEncoder.of(own, where=where)
    if kind == "mel":
        from hw1_instrument_detection import models

        return models.build_encoder(config, where=where)
    raise ModelFolderError(f"{where}: encoder {kind!r} is unknown; use newer code, or train again")


__all__ = ["build_encoder", "encoder_from_option"]
