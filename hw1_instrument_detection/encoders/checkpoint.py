"""Checkpoints of the `transformers` library on disk: read from safetensors, never run, never downloaded.

    config.json  preprocessor_config.json  model.safetensors (or several, with their index)

Of config.json only what shapes the network is taken over: nothing in it can name code to load (`auto_map`),
kernels, or files elsewhere. MERT (Li et al. 2024), whose own config asks for code from its hub, is a HuBERT
at 24 kHz as published ("feature_extractor_cqt" and "deepnorm" false; its "attention_relax" only keeps half
precision from overflowing): its weights are loaded into transformers' own HubertModel.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from common.cli import UserError
from common.run_folder.files import read_json

ARCHITECTURES = ("hubert", "wav2vec2", "data2vec-audio", "wavlm", "unispeech", "unispeech-sat")
MERT = "mert_model"
PRETRAINING = "masked_spec_embed"  # used nowhere else: a checkpoint may lack it
CONVERSION = (  # weights_only: tensors and nothing else are unpickled
    'import torch, safetensors.torch as s; w = torch.load("{}", weights_only=True);'
    ' s.save_file({{k: v.clone() for k, v in w.items()}}, "model.safetensors", {{"format": "pt"}})'
)


def import_transformers() -> ModuleType:
    """The library. Errors: UserError that says how to install it."""
    try:
        import transformers
    except ImportError as error:
        raise UserError(
            "--encoder mert:PATH needs transformers; run: pip install -r requirements-mert.txt"
        ) from error
    return transformers


def read_checkpoint(folder: Path) -> tuple[dict[str, Any], nn.Module, dict[str, Any]]:
    """Architecture (see `architecture`), the network with its weights, and the preprocessor's settings.

    Errors: UserError for a folder that is none, of another kind, pickled, incomplete, or broken.
    """
    transformers = import_transformers()
    record = require_json(folder, "config.json")
    preprocessor = require_json(folder, "preprocessor_config.json")
    require_safetensors(folder)
    shape = architecture(record, where=folder / "config.json")
    with quiet(transformers):
        try:
            network, report = transformers.AutoModel.from_pretrained(
                folder,
                config=hub_config(shape),
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype="float32",
                output_loading_info=True,
            )
        except Exception as error:  # whatever a broken file makes the library raise
            reason = " ".join(str(error).split())[:200]
            raise UserError(f"{folder}: cannot be loaded ({reason}); download it again") from error
    require_all_weights(report, folder)
    return shape, network, preprocessor


def architecture(record: Mapping[str, Any], *, where: str | Path) -> dict[str, Any]:
    """What of config.json shapes the network, with its "model_type". Errors: UserError if it is unknown."""
    name = record.get("model_type")
    if name == MERT:
        for key in ("feature_extractor_cqt", "deepnorm"):
            if record.get(key):
                raise UserError(f"{where}: MERT with {key} is not supported; take MERT-v1-95M or -330M")
        name = "hubert"
    if name not in ARCHITECTURES:
        kinds = ", ".join((MERT, *ARCHITECTURES))
        raise UserError(f"{where}: model_type {name!r} is not supported; give one of {kinds}")
    transformers = import_transformers()
    known = transformers.CONFIG_MAPPING[name]().to_dict().keys()
    general = transformers.PretrainedConfig().to_dict().keys()
    return {"model_type": name} | {key: record[key] for key in sorted(known - general) if key in record}


def hub_config(shape: Mapping[str, Any]) -> Any:
    """`architecture`'s result as a config of transformers, without what only pretraining wants."""
    own = {key: value for key, value in shape.items() if key != "model_type"}
    own |= {"layerdrop": 0.0, "apply_spec_augment": False}  # all layers are summed; masks are our own
    return import_transformers().CONFIG_MAPPING[shape["model_type"]](**own)


def build_network(shape: Mapping[str, Any]) -> nn.Module:
    """The network of `architecture`'s result with random weights."""
    transformers = import_transformers()
    with quiet(transformers):
        return transformers.AutoModel.from_config(hub_config(shape), trust_remote_code=False)


def require_json(folder: Path, name: str) -> dict[str, Any]:
    """The JSON object `name` of a checkpoint folder. Errors: UserError."""
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; give the folder of a downloaded checkpoint")
    if not (folder / name).is_file():
        raise UserError(f"{folder}: no {name}; download all files of the checkpoint, this one too")
    return read_json(folder / name)


def require_safetensors(folder: Path) -> None:
    """Errors: UserError where the weights are missing, or pickled: opening those could run any code."""
    if any(folder.glob("*.safetensors")):
        return
    if pickled := sorted(path.name for path in folder.glob("*.bin")):
        raise UserError(
            f"{folder}: {pickled[0]} is a pickle and may run code when opened; convert it to safetensors: cd"
            f" there and run python -c '{CONVERSION.format(pickled[0])}'"
        )
    raise UserError(f"{folder}: no model.safetensors; download all files of the checkpoint, this one too")


def require_all_weights(report: Mapping[str, Any], folder: Path) -> None:
    """Errors: UserError if transformers had to make up weights; those of unused heads may be left over."""
    missing = sorted(name for name in report["missing_keys"] if not name.endswith(PRETRAINING))
    wrong = missing or sorted(str(entry) for entry in report["mismatched_keys"])
    if wrong:
        raise UserError(
            f"{folder}: {len(wrong)} weights are missing or misshapen ({wrong[0]}, ...);"
            " config.json and weights do not belong together, download both again"
        )


@contextlib.contextmanager
def quiet(transformers: ModuleType) -> Iterator[None]:
    """Without the library's progress bars and tables: what matters is said in our own words."""
    logging = transformers.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
