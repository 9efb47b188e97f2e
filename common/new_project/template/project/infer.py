"""Tell the kind of your own sounds: any format, rate, length and number of channels.

    python final_project/project_name/infer.py FILE... [--model RUN]
    python final_project/project_name/infer.py FOLDER --json      # all audio files in it, a list

The first half second of a file is judged. A file that cannot be used is reported and the others go on; the
exit code is then 2.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import tyro

from common import cli
from common.audio import AudioError
from common.audio_files import audio_files
from common.cli import UserError, say
from common.commands import newest_run
from final_project.project_name.data import KINDS, read_sound
from final_project.project_name.models import SoundNetwork, load_network, probabilities

RUNS = Path("runs/project_name")


@dataclass(kw_only=True)
class InferConfig:
    """Tell the kind of sounds."""

    files: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Audio files, or folders of them."""
    model: Path | None = None
    """Run folder, or model folder, that train.py wrote. Default: the newest finished one."""
    json: bool = False
    """Print only a list: {"file", "kind", "probability"} or {"file", "error"} per file."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes cuda, else mps (Apple), else cpu."""

    def __post_init__(self) -> None:
        if not self.files:
            raise UserError("no file given; name one or more audio files, or a folder of them")


def main(config: InferConfig) -> int:
    model = config.model or newest_run(RUNS, script="final_project/project_name/train.py")
    network = load_network(model, device=config.device)
    results = []
    for path in audio_files(config.files):
        results.append(result := answer(network, path))
        if "error" in result:
            say(f"error: {path}: {result['error']}")
        elif not config.json:
            print(f"{path}  {result['kind']} {result['probability']:.3f}")
    if config.json:
        print(json.dumps(results, indent=2, ensure_ascii=False))
    failed = sum("error" in result for result in results)
    if failed:
        say(f"{failed} of {len(results)} files could not be used")
    return 2 if failed else 0


def answer(network: SoundNetwork, path: Path) -> dict[str, Any]:
    """What there is to say of a file; what is wrong with it becomes the answer."""
    try:
        waveform = torch.from_numpy(read_sound(path))
    except AudioError as error:
        return {"file": str(path), "error": str(error).removeprefix(f"{path}: ")}
    [found] = probabilities(network, waveform[None])  # (kinds,)
    return {
        "file": str(path),
        "kind": KINDS[int(found.argmax())],
        "probability": round(float(found.max()), 6),
    }


if __name__ == "__main__":
    cli.run(main, InferConfig)
