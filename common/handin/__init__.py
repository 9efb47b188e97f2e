"""Hand-ins: the zip of code, one model and a report, made by a student and taken in by a grader.

    r12345678_hw1.zip
      MANIFEST.json README.md requirements.txt ... r12345678_report.pdf
      common/ hw1_instrument_detection/    code; run from the unpacked folder, without installing anything
      model/                               config.json, model.safetensors: one model

    python -m common.handin report | pack | check | convert

`take_in` is the intake of both sides. `rules` lists what it demands; `archive`, `names` and `contents`
enforce it; `formal` finds the faults that only cost points. None of these modules runs or imports what was
handed in.
"""

from common.handin.intake import HandIn, Intake, take_in
from common.handin.rules import FAULTS, REJECTIONS, RULES, IntakeLimits, Violation

__all__ = ["FAULTS", "REJECTIONS", "RULES", "HandIn", "Intake", "IntakeLimits", "Violation", "take_in"]
