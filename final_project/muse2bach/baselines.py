"""The baselines beside a trained model: Markov chain and copy of the same training data, in its folder.

    save_baselines(run, train, valid)      # train.py: baselines.json and baselines.safetensors
    load_baselines(run)["markov"]          # eval.py: a Harmonizer, without a look at the training data

They are counted, not trained: what is in the files is tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from common.run_folder import ModelFolderError, read_tensors, tensor_bytes, write_atomically
from common.run_folder.files import FORMAT, check_header, json_bytes, read_json
from final_project.muse2bach import ASSIGNMENT
from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.copy_baseline import fit_copy
from final_project.muse2bach.harmonizer import BASELINES, Harmonizer
from final_project.muse2bach.markov import fit_markov

TENSORS, CONFIG = "baselines.safetensors", "baselines.json"


def save_baselines(run: Path, train: Sequence[Chorale], valid: Sequence[Chorale]) -> None:
    """Count both baselines in the training chorales and write them into the run folder `run`.

    A run that goes on has them already: CONFIG is written last.
    """
    if (run / CONFIG).is_file():
        return
    models = (fit_markov(train, valid), fit_copy(train))
    tensors = {f"{each.name}/{key}": values for each in models for key, values in each.tensors().items()}
    configs = {each.name: each.config() for each in models}
    record = {"format": FORMAT, "assignment": ASSIGNMENT, "models": configs}
    write_atomically(run / TENSORS, tensor_bytes(tensors))
    write_atomically(run / CONFIG, json_bytes(record))


def load_baselines(run: Path) -> dict[str, Harmonizer]:
    """What `save_baselines` wrote, by name. Errors: ModelFolderError: missing, or not its own."""
    for path in (run / CONFIG, run / TENSORS):
        if not path.is_file():
            raise ModelFolderError(f"{path}: not there; give a run folder that train.py wrote to its end")
    record = read_json(run / CONFIG, ModelFolderError)
    check_header(record, run / CONFIG, ASSIGNMENT, ModelFolderError)
    models = record.get("models")
    if not isinstance(models, dict) or models.keys() != BASELINES.keys():
        raise ModelFolderError(f"{run / CONFIG}: not the baselines {', '.join(BASELINES)}; train again")
    tensors, _ = read_tensors(run / TENSORS)
    found = {}
    for name, kind in BASELINES.items():
        prefix = f"{name}/"
        own = {key.removeprefix(prefix): values for key, values in tensors.items() if key.startswith(prefix)}
        found[name] = Harmonizer(name, kind.rebuilt(models[name], own, where=run / TENSORS))
    return found
