"""Detection metrics against scikit-learn and answers worked out by hand."""

import json
import re
import warnings

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from common.metrics import detection as ours
from common.metrics.detection.bootstrap import weighted_scores
from common.metrics.intervals import bootstrap_interval

LABELS = ["Piano", "Percussion", "Organ", "Guitar", "Bass", "Strings", "Voice", "Wind Instruments", "Synth"]
PREVALENCE = np.array([0.841, 0.108, 0.205, 0.865, 0.924, 0.550, 0.216, 0.396, 0.288])  # of the HW1 release


def random_case(seed, *, items=200, absent=(), always=(), steps=None):
    """Targets at the release's prevalences and probabilities that agree more often than chance.

    `steps`: probabilities are multiples of 1 / steps, so that many are equal.
    """
    rng = np.random.default_rng(seed)
    targets = (rng.random((items, len(LABELS))) < PREVALENCE).astype(int)
    targets[:, list(absent)], targets[:, list(always)] = 0, 1
    probabilities = 1 / (1 + np.exp(-(2 * targets - 1 + rng.normal(scale=1.5, size=targets.shape))))
    return targets, probabilities if steps is None else np.round(probabilities * steps) / steps


CASES = [
    dict(seed=0),
    dict(seed=1, absent=(2,), always=(4,)),
    dict(seed=2, items=1),
    dict(seed=3, items=7, absent=range(9)),
    dict(seed=4, steps=4),
    dict(seed=5, items=12, steps=1),
]


def thresholds_of(seed):
    return np.random.default_rng(seed).uniform(0.2, 0.8, len(LABELS))


def evaluated(targets, probabilities, **options):
    return ours.evaluate(targets, probabilities, labels=LABELS, **options)


# Precision, recall, F1


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("predicted", ["at thresholds", "everything", "nothing"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_averages_are_those_of_the_classification_report(case, predicted):
    targets, probabilities = random_case(**case)
    shift = {"at thresholds": 0, "everything": -1, "nothing": 1}[predicted]
    predictions = ours.predict(probabilities, thresholds_of(case["seed"]) + shift)
    report = sklearn_metrics.classification_report(
        targets, predictions, target_names=LABELS, output_dict=True, zero_division=0
    )
    for average in ours.AVERAGES:
        found = ours.average_scores(targets, predictions, average)
        expected = [report[f"{average} avg"][rate] for rate in ("precision", "recall", "f1-score")]
        np.testing.assert_allclose(found, expected, err_msg=average)
    of_classes = ours.class_scores(targets, predictions)
    expected = [
        [report[label][key] for label in LABELS] for key in ("precision", "recall", "f1-score", "support")
    ]
    np.testing.assert_allclose(np.stack(of_classes), expected)


def test_class_scores_by_hand():
    targets = [[1, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]]
    predictions = [[1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 0, 0]]
    found = ours.class_scores(targets, predictions)
    np.testing.assert_allclose(found.precision, [2 / 3, 0, 0])
    np.testing.assert_allclose(found.recall, [2 / 3, 0, 0])
    np.testing.assert_allclose(found.f1, [2 / 3, 0, 0])
    assert found.support.tolist() == [3, 0, 2]
    assert ours.average_scores(targets, predictions, "macro")[2] == pytest.approx(2 / 9)
    assert ours.average_scores(targets, predictions, "micro") == pytest.approx((2 / 4, 2 / 5, 4 / 9))


def test_a_class_is_on_where_it_reaches_its_threshold():
    assert ours.predict([[0.5, 0.49], [0.2, 0.8]], [0.5, 0.5]).tolist() == [[True, False], [False, True]]
    with pytest.raises(ValueError, match=r"one threshold.*\(2, 9\) and \(3,\)"):
        ours.predict(np.zeros((2, 9)), [0.5] * 3)


def test_no_items_have_no_scores():
    nothing = np.zeros((0, 9))
    assert np.isnan(ours.class_scores(nothing, nothing).f1).all()
    for average in ours.AVERAGES:
        assert np.isnan(ours.average_scores(nothing, nothing, average)).all()
    metrics = evaluated(nothing, nothing, train_prevalence=PREVALENCE, groups=[])
    assert (metrics["num_items"], metrics["num_groups"], metrics["support_bass"]) == (0, 0, 0)
    assert all(
        value is None for key, value in metrics.items() if not re.match("num_|support_|threshold_", key)
    )
    assert "0 items of 0 groups" in ours.format_report(metrics, LABELS)


# Ranking


@pytest.mark.parametrize("case", CASES)
def test_ranking_agrees_with_scikit_learn(case):
    targets, probabilities = random_case(**case)
    precision, auc = (f(targets, probabilities) for f in (ours.class_average_precision, ours.class_roc_auc))
    for index in range(len(LABELS)):
        column = targets[:, index], probabilities[:, index]
        if not column[0].any():
            assert np.isnan(precision[index])
        else:
            assert precision[index] == pytest.approx(sklearn_metrics.average_precision_score(*column))
        if len(np.unique(column[0])) < 2:
            assert np.isnan(auc[index])
        else:
            assert auc[index] == pytest.approx(sklearn_metrics.roc_auc_score(*column))


@pytest.mark.parametrize("case", [CASES[0], CASES[1], CASES[4]])
def test_their_means_agree_with_scikit_learn(case):
    targets, probabilities = random_case(**case)
    metrics = evaluated(targets, probabilities)
    present = targets.any(axis=0)
    both = present & ~targets.all(axis=0)
    average_precision = sklearn_metrics.average_precision_score
    assert metrics["mean_average_precision"] == pytest.approx(
        average_precision(targets[:, present], probabilities[:, present], average="macro")
    )
    assert metrics["micro_average_precision"] == pytest.approx(
        average_precision(targets, probabilities, average="micro")
    )
    assert metrics["macro_roc_auc"] == pytest.approx(
        sklearn_metrics.roc_auc_score(targets[:, both], probabilities[:, both], average="macro")
    )


def test_average_precision_by_hand():
    assert ours.average_precision([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]) == pytest.approx((1 + 2 / 3) / 2)
    assert ours.average_precision([1, 0, 0, 1], [0.5] * 4) == 0.5  # all equal: the prevalence
    assert ours.roc_auc([1, 0, 0, 1], [0.5] * 4) == 0.5
    assert ours.roc_auc([1, 0], [0.2, 0.7]) == 0.0


@pytest.mark.parametrize("steps", [None, 4])
def test_the_curve_agrees_with_scikit_learn(steps):
    targets, probabilities = random_case(6, steps=steps)
    found = ours.precision_recall_curve(targets[:, 5], probabilities[:, 5])
    precision, recall, thresholds = sklearn_metrics.precision_recall_curve(targets[:, 5], probabilities[:, 5])
    np.testing.assert_allclose(found.precision, precision[-2::-1])
    np.testing.assert_allclose(found.recall, recall[-2::-1])
    np.testing.assert_array_equal(found.thresholds, thresholds[::-1])


def test_weights_are_repetitions():
    targets, probabilities = random_case(7, items=60, steps=10)
    thresholds, drawn = thresholds_of(7), np.random.default_rng(7).integers(60, size=(3, 60))
    weights = np.stack([np.bincount(row, minlength=60) for row in drawn], axis=1)
    found = weighted_scores(targets, probabilities, thresholds, weights.astype(float))
    for index, row in enumerate(drawn):
        metrics = evaluated(targets[row], probabilities[row], thresholds=thresholds)
        for name in ("macro_f1", "micro_f1", "mean_average_precision"):
            assert found[name][index] == pytest.approx(metrics[name]), name


# Calibration


def test_calibration_by_hand():
    probabilities = np.array([0.05, 0.05, 0.05, 0.05, 0.95, 1.0])[:, None]
    targets = np.array([0, 0, 0, 1, 1, 1])[:, None]
    found = ours.reliability(targets, probabilities)
    assert found.count[:, 0].tolist() == [4, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    assert found.share[[0, 9], 0].tolist() == [0.25, 1.0] and np.isnan(found.share[1:9]).all()
    [error] = ours.calibration_error(targets, probabilities)
    assert error == pytest.approx((4 * 0.20 + 2 * 0.025) / 6)
    assert ours.calibration_error([[1], [0]], [[1.0], [0.0]]).tolist() == [0.0]


def test_probabilities_that_are_true_are_calibrated():
    probabilities = np.random.default_rng(8).random((20_000, 2))
    targets = np.random.default_rng(9).random((20_000, 2)) < probabilities
    assert (ours.calibration_error(targets, probabilities) < 0.02).all()
    assert (ours.calibration_error(targets, probabilities**3) > 0.1).all()


def test_brier_score_agrees_with_scikit_learn():
    targets, probabilities = random_case(10)
    expected = [
        sklearn_metrics.brier_score_loss(targets[:, index], probabilities[:, index]) for index in range(9)
    ]
    np.testing.assert_allclose(ours.brier_score(targets, probabilities), expected)


# Trivial answers


def test_everything_on_and_training_shares():
    targets, probabilities = random_case(11, items=500)
    metrics = evaluated(targets, probabilities, train_prevalence=PREVALENCE)
    on, share = np.ones_like(targets), targets.mean(axis=0)
    assert metrics["everything_on_macro_f1"] == pytest.approx(np.mean(2 * share / (1 + share)))
    assert metrics["everything_on_micro_f1"] == pytest.approx(
        sklearn_metrics.f1_score(targets, on, average="micro")
    )
    assert metrics["everything_on_mean_average_precision"] == pytest.approx(share.mean())
    assert metrics["everything_on_f1_piano"] == pytest.approx(2 * share[0] / (1 + share[0]))
    frequent = np.broadcast_to(PREVALENCE >= 0.5, targets.shape)
    assert metrics["prevalence_macro_f1"] == pytest.approx(
        sklearn_metrics.f1_score(targets, frequent, average="macro", zero_division=0)
    )
    assert metrics["prevalence_mean_average_precision"] == pytest.approx(share.mean())
    assert metrics["prevalence_micro_average_precision"] > metrics["everything_on_micro_average_precision"]


def test_everything_on_of_the_release_is_the_published_one():
    targets = np.arange(2247)[:, None] < np.round(2247 * PREVALENCE)
    found = ours.baselines(targets)
    assert found["everything_on_macro_f1"] == pytest.approx(0.602, abs=5e-4)
    assert found["everything_on_micro_f1"] == pytest.approx(0.656, abs=1e-3)


def test_random_is_what_drawing_reaches():
    rng = np.random.default_rng(12)
    targets = rng.random((10_000, 9)) < PREVALENCE
    drawn = rng.random(targets.shape) < PREVALENCE[::-1]
    found = ours.baselines(targets, PREVALENCE[::-1])
    assert found["random_macro_f1"] == pytest.approx(
        ours.average_scores(targets, drawn, "macro")[2], abs=0.015
    )
    assert found["random_micro_f1"] == pytest.approx(
        ours.average_scores(targets, drawn, "micro")[2], abs=0.015
    )


# Intervals


def test_f1_intervals_agree_with_the_general_bootstrap():
    targets, probabilities = random_case(13, items=240)
    thresholds, groups = thresholds_of(13), np.repeat(np.arange(24), 10)
    metrics = evaluated(targets, probabilities, thresholds=thresholds, groups=groups)
    predictions = ours.predict(probabilities, thresholds)
    counts = np.stack([targets * predictions, predictions, targets], axis=1)  # (items, 3, classes)

    def micro_f1(totals, _):
        correct, predicted, support = totals.sum(axis=-1).T
        return 2 * correct / (predicted + support)

    for kind, units in (("", None), ("_group", groups)):
        low, high = bootstrap_interval(counts, statistic=micro_f1, groups=units, seed=1)
        width = high - low
        assert metrics[f"micro_f1{kind}_low"] == pytest.approx(low, abs=0.15 * width)
        assert metrics[f"micro_f1{kind}_high"] == pytest.approx(high, abs=0.15 * width)


@pytest.mark.parametrize("name", ["macro_f1", "micro_f1", "mean_average_precision", "f1_bass"])
def test_intervals_hold_their_score(name):
    targets, probabilities = random_case(14, items=300)
    metrics = evaluated(targets, probabilities, groups=np.arange(300) // 10)
    kinds = ("_group",) if name == "f1_bass" else ("", "_group")
    for kind in kinds:
        assert metrics[f"{name}{kind}_low"] < metrics[name] < metrics[f"{name}{kind}_high"]


def test_groups_that_are_alike_widen_the_interval():
    targets, probabilities = (np.repeat(values, 20, axis=0) for values in random_case(15, items=15))
    metrics = evaluated(targets, probabilities, groups=np.repeat(np.arange(15), 20))

    def width(kind):
        return metrics[f"mean_average_precision{kind}_high"] - metrics[f"mean_average_precision{kind}_low"]

    assert width("_group") > 2 * width("")


def test_an_absent_class_counts_as_0_in_the_interval_too():
    targets, probabilities = random_case(16, absent=(0, 1, 2))
    metrics = evaluated(targets, probabilities)
    assert metrics["macro_f1_low"] < metrics["macro_f1"] < metrics["macro_f1_high"] < 6 / 9
    assert metrics["macro_present_f1"] == pytest.approx(metrics["macro_f1"] * 9 / 6)


def test_one_item_or_group_has_no_interval():
    targets, probabilities = random_case(17, items=5)
    metrics = evaluated(targets, probabilities, groups=["one"] * 5)
    assert metrics["macro_f1_group_low"] is None and metrics["f1_bass_group_high"] is None
    assert metrics["macro_f1_low"] is not None
    assert evaluated(targets[:1], probabilities[:1])["micro_f1_low"] is None


def test_paired_differences():
    targets, probabilities = random_case(18, items=200)
    thresholds, groups = np.full(9, 0.5), np.arange(200) // 8
    first, better = (probabilities, thresholds), (0.7 * probabilities + 0.3 * targets, thresholds)
    same = ours.paired_differences(targets, first, first, groups=groups)
    assert set(same.values()) == {(0.0, 0.0, 0.0)}
    found = ours.paired_differences(targets, first, better, groups=groups)
    for name, difference in found.items():
        scores = [evaluated(targets, model[0])[name] for model in (first, better)]
        assert difference.value == pytest.approx(scores[1] - scores[0])
        assert 0 < difference.low < difference.value < difference.high
    back = ours.paired_differences(targets, better, first, groups=groups)
    assert back["macro_f1"].low == pytest.approx(-found["macro_f1"].high)


def test_many_resamples_are_drawn_piece_by_piece(monkeypatch):
    targets, probabilities = random_case(19, items=50)
    at_once = ours.resampled_scores(targets, probabilities, np.full(9, 0.5), seed=3)
    monkeypatch.setattr("common.metrics.detection.bootstrap.MAX_WEIGHTS", 50 * 300)
    in_pieces = ours.resampled_scores(targets, probabilities, np.full(9, 0.5), seed=3)
    assert at_once["f1"].shape == (2000, 9)
    for name, scores in at_once.items():
        np.testing.assert_allclose(scores, in_pieces[name], rtol=1e-5)


# The dict, the text, bad input


def test_metrics_are_flat_and_fit_json():
    targets, probabilities = random_case(20, absent=(6,))
    metrics = evaluated(
        targets,
        probabilities,
        thresholds=thresholds_of(20),
        train_prevalence=PREVALENCE,
        groups=np.arange(200) // 9,
    )
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", key) for key in metrics)
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
    assert metrics["average_precision_voice"] is None and metrics["f1_voice"] == 0.0
    assert metrics["threshold_wind_instruments"] == thresholds_of(20)[7]
    assert metrics["support_wind_instruments"] == targets[:, 7].sum()
    assert evaluated(targets, probabilities)["threshold_bass"] == 0.5


def test_the_report():
    targets, probabilities = random_case(21, items=450, absent=(6,))
    options = dict(train_prevalence=PREVALENCE, groups=np.arange(450) // 15)
    metrics = evaluated(targets, probabilities, **options)
    lines = ours.format_report(metrics, LABELS).splitlines()
    assert lines[0] == "450 items of 30 groups"
    assert max(map(len, lines)) <= 100
    rows = {re.split(r"\s{2,}", line)[0]: line.split() for line in lines}
    low, high = metrics["macro_f1_group_low"], metrics["macro_f1_group_high"]
    assert rows["macro F1"][2] == f"{metrics['macro_f1']:.3f}"
    assert rows["macro F1"][6:9] == [f"{low:.3f}", "to", f"{high:.3f}"]
    assert rows["macro F1"][-3] == f"{metrics['everything_on_macro_f1']:.3f}"
    assert rows["Wind Instruments"][-1] == f"{metrics['everything_on_f1_wind_instruments']:.3f}"
    assert rows["Voice"][-5:] == ["-", "-", "0.500", "0", "0.000"]
    assert rows["micro avg"][2:5] == [
        f"{metrics[f'micro_{rate}']:.3f}" for rate in ("precision", "recall", "f1")
    ]
    assert any(line.startswith("macro F1 without the absent class: ") for line in lines)
    alone = ours.format_report(evaluated(targets, probabilities), LABELS)
    assert "groups" not in alone and "random  " not in alone and "all on" in alone


def test_bad_input_is_refused():
    targets, probabilities = random_case(22, items=4)
    for wrong, reason in (
        (dict(targets=targets * 2), "targets must be 0 or 1, got .*2"),
        (dict(targets=targets[:3]), r"must be as targets, got \(4, 9\) and \(3, 9\)"),
        (dict(targets=targets[0]), r"shape \(items, classes\), got \(9,\)"),
        (dict(probabilities=probabilities * 9 - 3), "logits need a sigmoid first"),
        (dict(probabilities=probabilities * np.nan), "must not be NaN, got 36"),
        (dict(thresholds=[0.5]), "every class needs one threshold"),
        (dict(labels=LABELS[:8]), "got 8 labels for 9 classes"),
        (dict(train_prevalence=PREVALENCE * 100), "train_prevalence must be shares"),
        (dict(groups=[1, 2]), "every item needs one group"),
    ):
        with pytest.raises(ValueError, match=reason):
            ours.evaluate(**(dict(targets=targets, probabilities=probabilities, labels=LABELS) | wrong))
    with pytest.raises(ValueError, match="average must be one of micro, macro, weighted, samples"):
        ours.average_scores(targets, targets, "mean")


def test_nothing_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for case in CASES:
            targets, probabilities = random_case(**case)
            evaluated(
                targets, probabilities, train_prevalence=PREVALENCE * 0, groups=np.arange(len(targets)) // 2
            )
