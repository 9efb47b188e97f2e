"""Which models are used where none is named: the newest of their kind in runs/guitar_effect_removal."""

from __future__ import annotations

from pathlib import Path

from common.cli import UserError, say
from common.run_folder.files import read_json
from final_project.guitar_effect_removal import ASSIGNMENT
from final_project.guitar_effect_removal.effects import EFFECTS

RUNS = Path("runs") / ASSIGNMENT
SCRIPT = "final_project/guitar_effect_removal/train.py"


def newest_remover() -> Path:
    """The run folder of the remover that was finished last, and is told. Errors: UserError without any."""
    found = newest("remover")
    if found is None:
        raise UserError(f"{RUNS}: no finished remover; train one with {SCRIPT}, or name one with --model")
    say(f"model: {found}, the newest run; --model chooses another")
    return found


def newest_detector() -> Path | None:
    """The run folder of the detector that was finished last; None without any. Which it is, is told."""
    found = newest("detector")
    if found is None:
        say(f"no detector in {RUNS}: effects are removed, not named; {SCRIPT} --model detector trains one")
    else:
        say(f"detector: {found}, the newest run; --detector chooses another")
    return found


def newest(kind: str) -> Path | None:
    """The newest finished run of that kind that knows all effects: a remover of one is for an evaluation."""
    finished = sorted(RUNS.glob("*/validation.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    return next((path.parent for path in finished if _is(path.parent / "config.json", kind)), None)


def _is(config: Path, kind: str) -> bool:
    values = read_json(config) if config.is_file() else {}
    return values.get("model") == kind and set(values.get("effects") or EFFECTS) == set(EFFECTS)
