"""Metrics of multi-label detection: in every item (a clip) any number of classes may sound.

Conventions
- `targets` are 0 or 1, (items, classes); `probabilities` 0 to 1, of the same shape: give `sigmoid(logits)`.
  `thresholds` (classes,): a class is predicted where its probability is at least its threshold.
- Precision, recall, F1 and their averages ("macro", "micro", "weighted", "samples") are those of
  scikit-learn's `classification_report(..., zero_division=0)`: what is undefined counts as 0. So a class that
  is absent has F1 0 and lowers "macro"; "macro_present_f1" is the mean over the classes that are present.
- An absent class has no average precision and no ROC-AUC (nor has one that is always there an AUC): they are
  NaN, and "mean_average_precision" and "macro_roc_auc" are means over the classes that have one.
- Ties: items of equal probability are ranked together, as in scikit-learn.
- No items: every rate and interval is NaN, every count 0. (scikit-learn refuses them.)
- Calibration error: 10 bins of equal width; the distance of mean probability and share of positives in each,
  averaged by the items in it (Naeini et al. 2015, for each class on its own), then over the classes.
- Intervals are 95 %. "_low" and "_high" draw items with replacement, "_group_low" and "_group_high" whole
  groups (tracks), which is what one asks about new tracks. Thresholds stay as they are. A class that a
  resample misses by chance alone is left out of its mean.
- Trivial rows: "everything_on" predicts every class always; "prevalence" gives each class its share of the
  TRAINING items as constant probability, so that classes in more than half of them are on; "random" turns a
  class on with that probability (expected F1 of many items).
"""

from common.metrics.detection.bootstrap import (
    Difference,
    intervals,
    paired_differences,
    resampled_scores,
)
from common.metrics.detection.calibration import (
    Reliability,
    brier_score,
    calibration_error,
    reliability,
)
from common.metrics.detection.evaluation import Metrics, baselines, evaluate
from common.metrics.detection.ranking import (
    PrecisionRecall,
    average_precision,
    class_average_precision,
    class_roc_auc,
    precision_recall_curve,
    roc_auc,
)
from common.metrics.detection.scores import (
    AVERAGES,
    average_scores,
    class_scores,
    predict,
    validate,
)
from common.metrics.detection.text import format_report

__all__ = [
    "AVERAGES",
    "Difference",
    "Metrics",
    "PrecisionRecall",
    "Reliability",
    "average_precision",
    "average_scores",
    "baselines",
    "brier_score",
    "calibration_error",
    "class_average_precision",
    "class_roc_auc",
    "class_scores",
    "evaluate",
    "format_report",
    "intervals",
    "paired_differences",
    "precision_recall_curve",
    "predict",
    "reliability",
    "resampled_scores",
    "roc_auc",
    "validate",
]
