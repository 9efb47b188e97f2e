"""A new final project: a small one that works at once, to be replaced piece by piece.

    python -m common.new_project taiko --title "A drum game that maps itself"

writes final_project/taiko/ (data.py, models.py, train.py, eval.py, infer.py, hand_in.py, README.md, LOG.md,
report.md) and tests/final_project/taiko/, from the files in template/. These are valid Python as they lie
there: `project_name` stands for the name, `Project Title` for the title.
"""

from common.new_project.writing import check_name, write_project

__all__ = ["check_name", "write_project"]
