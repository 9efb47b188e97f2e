"""Run folders say how to repeat themselves; model folders hold a trained model as JSON and tensors.

    run.json            the whole config, and for each start: command, time, versions, git commit
    history.jsonl       one JSON object per line, one line per epoch
    config.json         } a model folder: what rebuilds the model, and its weights.
    model.safetensors   } A run folder is itself the model folder of its best model.

Nothing is pickled: opening a folder from somebody else runs no code. Every file is written beside its
place, flushed to the disk and renamed, so at any moment there is the old one or the new one, never a half.
"""

from common.run_folder.files import read_tensors, tensor_bytes, write_atomically
from common.run_folder.models import ModelFolderError, load_model, load_weights, save_model
from common.run_folder.runs import MAY_CHANGE, RunFolder, is_main_process
from common.run_folder.strict import strict_dataclass

__all__ = [
    "MAY_CHANGE",
    "ModelFolderError",
    "RunFolder",
    "is_main_process",
    "load_model",
    "load_weights",
    "read_tensors",
    "save_model",
    "strict_dataclass",
    "tensor_bytes",
    "write_atomically",
]
