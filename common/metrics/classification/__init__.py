"""Metrics of single-label classification: every item (a note) has one true class.

Conventions
- `targets` and `predictions` are class indices, integers, (items,); `scores` are (items, classes), higher is
  likelier: logits and probabilities give the same metrics. `labels` names the classes by index.
- A confusion table has the true class in its row, the predicted one in its column, and counts in its cells.
- Ties: of equal scores the lower class index comes first, as in `argmax`. So top-1 accuracy is always the
  diagonal of the confusion table. (scikit-learn's `top_k_accuracy_score` puts the higher index first.)
- No items: every rate and interval is NaN, every count 0.
- An absent class (no true item) has no recall and no F1: both are NaN, and "macro" is the mean over the
  classes that are present. "macro_all_classes" counts an absent class as 0, as scikit-learn does with all
  labels given and `zero_division=0`. A class that is present but never predicted has precision 0.
- Intervals are 95 %. "_low" and "_high" take the items as independent; "_group_low" and "_group_high" draw
  whole groups (instruments), which is what one asks about new instruments: see `common.metrics.intervals`.

All of it must agree with scikit-learn where it does not say otherwise.
"""

from common.metrics.classification.evaluation import Metrics, baselines, evaluate
from common.metrics.classification.scores import (
    AVERAGES,
    ClassScores,
    Confusion,
    average_scores,
    confusion_table,
    precision_recall_f1,
    snake_case,
    top_k_accuracy,
    top_k_hits,
    validate,
    worst_confusions,
)
from common.metrics.classification.text import format_confusion, format_report
from common.metrics.intervals import bootstrap_interval, wilson_interval

__all__ = [
    "AVERAGES",
    "ClassScores",
    "Confusion",
    "Metrics",
    "average_scores",
    "baselines",
    "bootstrap_interval",
    "confusion_table",
    "evaluate",
    "format_confusion",
    "format_report",
    "precision_recall_f1",
    "snake_case",
    "top_k_accuracy",
    "top_k_hits",
    "validate",
    "wilson_interval",
    "worst_confusions",
]
