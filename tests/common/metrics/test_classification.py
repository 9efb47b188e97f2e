"""Classification metrics against scikit-learn and answers worked out by hand."""

import json

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from common.metrics import classification as ours
from common.metrics.intervals import wilson_interval

FAMILIES = ["bass", "brass", "flute", "guitar", "keyboard", "mallet", "organ", "reed", "string"]
FAMILIES += ["synth_lead", "vocal"]
NSYNTH_TEST = [843, 269, 180, 652, 766, 202, 502, 235, 306, 0, 141]  # no synth_lead


def random_case(seed, *, items=300, classes=11, absent=()):
    """Targets and scores that agree more often than chance; no target in `absent`."""
    rng = np.random.default_rng(seed)
    targets = rng.choice([index for index in range(classes) if index not in absent], size=items)
    scores = rng.normal(size=(items, classes))
    scores[np.arange(items), targets] += 1.0
    return targets, scores


def table_of(targets, scores):
    return ours.confusion_table(targets, scores.argmax(axis=1), num_classes=scores.shape[1])


CASES = [
    dict(seed=0),
    dict(seed=1, absent=(9,)),
    dict(seed=2, items=1),
    dict(seed=3, items=7, absent=(0, 1, 2, 10)),
    dict(seed=4, classes=2),
]


# Top-k


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("k", [1, 2, 3])
def test_top_k_agrees_with_scikit_learn(case, k):
    targets, scores = random_case(**case)
    if scores.shape[1] == 2:  # scikit-learn takes the scores of class 1 alone
        expected = 1.0 if k > 1 else np.mean(scores.argmax(axis=1) == targets)
    else:
        expected = sklearn_metrics.top_k_accuracy_score(
            targets, scores, k=k, labels=np.arange(scores.shape[1])
        )
    assert ours.top_k_accuracy(targets, scores, min(k, scores.shape[1])) == pytest.approx(expected)


def test_ties_go_to_the_lower_index_so_top_1_is_the_diagonal():
    rng = np.random.default_rng(5)
    targets, scores = rng.integers(11, size=400), rng.integers(3, size=(400, 11))
    table = table_of(targets, scores)
    assert ours.top_k_accuracy(targets, scores, 1) == np.trace(table) / 400
    # scikit-learn puts the higher index first: with all classes in reverse order its rule is ours.
    for k in (1, 3, 5):
        expected = sklearn_metrics.top_k_accuracy_score(10 - targets, scores[:, ::-1], k=k, labels=range(11))
        assert ours.top_k_accuracy(targets, scores, k) == expected


def test_equal_scores_everywhere_give_the_first_k_classes():
    targets = np.arange(11)
    assert ours.top_k_hits(targets, np.zeros((11, 11)), 3).tolist() == [True] * 3 + [False] * 8
    assert ours.top_k_hits(targets, np.full((11, 11), -np.inf), 1).tolist() == [True] + [False] * 10


def test_all_wrong_and_all_right():
    targets = np.array([0, 1, 2])
    assert ours.top_k_accuracy(targets, -np.eye(3), 2) == 0.0
    assert ours.top_k_accuracy(targets, np.eye(3), 1) == 1.0
    assert ours.top_k_accuracy(targets, -np.eye(3), 3) == 1.0


# Table, precision, recall, F1


@pytest.mark.parametrize("case", CASES)
def test_table_agrees_with_scikit_learn(case):
    targets, scores = random_case(**case)
    labels = np.arange(scores.shape[1])
    expected = sklearn_metrics.confusion_matrix(targets, scores.argmax(axis=1), labels=labels)
    table = table_of(targets, scores)
    assert table.dtype == np.int64
    np.testing.assert_array_equal(table, expected)


def test_table_has_true_classes_in_rows():
    table = ours.confusion_table([0, 0, 2], [1, 1, 2], num_classes=3)
    assert table.tolist() == [[0, 2, 0], [0, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize("case", CASES)
def test_class_scores_agree_with_scikit_learn(case):
    targets, scores = random_case(**case)
    labels = np.arange(scores.shape[1])
    expected = sklearn_metrics.precision_recall_fscore_support(
        targets, scores.argmax(axis=1), labels=labels, zero_division=0
    )
    got = ours.precision_recall_f1(table_of(targets, scores))
    np.testing.assert_array_equal(got.support, expected[3])
    for rate, reference in zip(got[:3], expected[:3], strict=True):
        np.testing.assert_allclose(np.nan_to_num(rate), reference)
    absent = got.support == 0
    np.testing.assert_array_equal(np.isnan(got.recall), absent)
    np.testing.assert_array_equal(np.isnan(got.f1), absent)


def test_class_scores_by_hand():
    #                 predicted: 0  1  2  3
    table = np.array([[3, 1, 0, 0], [2, 0, 2, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    got = ours.precision_recall_f1(table)
    np.testing.assert_allclose(got.precision, [3 / 5, 0, 0, np.nan])
    np.testing.assert_allclose(got.recall, [3 / 4, 0, np.nan, np.nan])
    np.testing.assert_allclose(got.f1, [2 / 3, 0, np.nan, np.nan])
    assert ours.average_scores(table, "macro")[2] == pytest.approx(1 / 3)
    assert ours.average_scores(table, "macro_all_classes")[2] == pytest.approx(1 / 6)


def test_never_predicted_class_has_precision_0_not_nan():
    got = ours.precision_recall_f1([[0, 4], [0, 6]])
    np.testing.assert_allclose(got.precision, [0.0, 0.6])
    np.testing.assert_allclose(got.f1, [0.0, 0.75])


def test_class_scores_of_many_tables_at_once():
    tables = np.stack([table_of(*random_case(seed)) for seed in range(3)])
    together = ours.precision_recall_f1(tables)
    np.testing.assert_array_equal(together.f1[2], ours.precision_recall_f1(tables[2]).f1)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("average", ours.AVERAGES)
def test_averages_agree_with_scikit_learn(case, average):
    targets, scores = random_case(**case)
    predictions = scores.argmax(axis=1)
    # "macro" leaves out the absent classes; the others see all labels.
    labels = np.unique(targets) if average == "macro" else np.arange(scores.shape[1])
    expected = sklearn_metrics.precision_recall_fscore_support(
        targets, predictions, labels=labels, average=average.removesuffix("_all_classes"), zero_division=0
    )
    assert ours.average_scores(table_of(targets, scores), average) == pytest.approx(expected[:3])


def test_macro_recall_is_scikit_learns_balanced_accuracy():
    targets, scores = random_case(6, absent=(9,))
    with pytest.warns(UserWarning, match="y_pred contains classes not in y_true"):
        expected = sklearn_metrics.balanced_accuracy_score(targets, scores.argmax(axis=1))
    assert ours.average_scores(table_of(targets, scores), "macro")[1] == pytest.approx(expected)


# Baselines and confusions


def test_baselines_of_nsynth_are_the_published_ones():
    """The test split's own counts in the role of the training counts: .206 and .552 (Engel et al. 2017)."""
    targets = np.repeat(np.arange(11), NSYNTH_TEST)
    got = ours.baselines(targets, NSYNTH_TEST)
    assert got["majority_top1"] == 843 / 4096
    assert got["majority_top3"] == (843 + 766 + 652) / 4096
    shares = np.array(NSYNTH_TEST) / 4096
    assert got["random_top1"] == pytest.approx((shares**2).sum())
    assert got["majority_macro_f1"] == pytest.approx(2 * 843 / (843 + 4096) / 10)


def test_majority_comes_from_the_training_counts_not_from_the_test():
    got = ours.baselines([2, 2, 2, 0], [5, 9, 1, 0])
    assert got["majority_top1"] == 0.0
    assert got["majority_top3"] == 1.0
    assert got["random_top1"] == pytest.approx((3 * 1 + 5) / 15 / 4)


def test_random_baseline_is_the_mean_of_many_random_answers():
    counts, targets = np.array([50, 30, 15, 4, 1]), np.array([0, 1, 1, 2, 3, 4])
    rng = np.random.default_rng(0)
    # The k largest of log p + Gumbel noise are k draws without replacement.
    noise = np.log(counts) + rng.gumbel(size=(20000, 5))
    got = ours.baselines(targets, counts)
    for name, k in (("random_top1", 1), ("random_top3", 3)):
        expected = np.mean([ours.top_k_accuracy(np.full(20000, target), noise, k) for target in targets])
        assert got[name] == pytest.approx(expected, abs=0.01)


def test_a_class_without_training_items_is_never_drawn():
    got = ours.baselines([0, 1, 2, 3], [1, 0, 0, 0])
    assert got["random_top1"] == got["random_top3"] == 0.25


def test_worst_confusions():
    table = np.array([[5, 3, 0], [1, 9, 3], [0, 0, 0]])
    got = ours.worst_confusions(table, ["organ", "vocal", "flute"], n=10)
    assert got == [("organ", "vocal", 3, 3 / 8), ("vocal", "flute", 3, 3 / 13), ("vocal", "organ", 1, 1 / 13)]
    assert ours.worst_confusions(table, ["organ", "vocal", "flute"], n=1) == got[:1]
    assert ours.worst_confusions(np.eye(3, dtype=int), ["organ", "vocal", "flute"]) == []


# evaluate and its text


@pytest.fixture(scope="module")
def nsynth_like():
    targets = np.repeat(np.arange(11), NSYNTH_TEST)
    rng = np.random.default_rng(8)
    groups = np.array([f"{FAMILIES[target]}_{rng.integers(6)}" for target in targets])
    _, names = np.unique(groups, return_inverse=True)
    scores = rng.normal(size=(4096, 11)) + rng.normal(size=(names.max() + 1, 11))[names]
    scores[np.arange(4096), targets] += 2.0
    return targets, scores, groups


def test_evaluate_without_synth_lead(nsynth_like):
    targets, scores, groups = nsynth_like
    got = ours.evaluate(targets, scores, labels=FAMILIES, train_counts=NSYNTH_TEST, groups=groups)
    predictions = scores.argmax(axis=1)
    assert got["top1"] == pytest.approx(sklearn_metrics.accuracy_score(targets, predictions))
    assert got["macro_f1"] == pytest.approx(got["macro_all_classes_f1"] * 11 / 10)
    assert got["f1_bass"] == pytest.approx(sklearn_metrics.f1_score(targets == 0, predictions == 0))
    assert got["support_bass"] == 843
    assert (got["f1_synth_lead"], got["recall_synth_lead"], got["support_synth_lead"]) == (None, None, 0)
    assert got["precision_synth_lead"] == 0.0  # it was predicted, and never true
    assert (got["num_items"], got["num_groups"]) == (4096, len(set(groups.tolist())))
    assert got["baseline_majority_top1"] == 843 / 4096
    assert (got["top1_low"], got["top1_high"]) == wilson_interval(int((targets == predictions).sum()), 4096)


def test_evaluate_intervals_hold_their_score_and_grow_with_groups(nsynth_like):
    targets, scores, groups = nsynth_like
    got = ours.evaluate(targets, scores, labels=FAMILIES, groups=groups)
    for name in ("top1", "top3", "macro_f1"):
        assert got[f"{name}_low"] < got[name] < got[f"{name}_high"]
        assert got[f"{name}_group_low"] < got[f"{name}_low"]
        assert got[f"{name}_group_high"] > got[f"{name}_high"]


def test_macro_f1_intervals_are_those_of_resampling_the_items(nsynth_like):
    """The slow way: draw items (or groups) with replacement, and ask scikit-learn each time."""
    targets, scores, groups = (array[::8] for array in nsynth_like)
    predictions = scores.argmax(axis=1)
    got = ours.evaluate(targets, scores, labels=FAMILIES, groups=groups)
    rng, names = np.random.default_rng(0), np.unique(groups)
    members = [np.flatnonzero(groups == name) for name in names]
    estimates = {"": [], "_group": []}
    for _ in range(300):
        drawn_groups = [members[index] for index in rng.integers(len(names), size=len(names))]
        for kind, drawn in (("", rng.integers(512, size=512)), ("_group", np.concatenate(drawn_groups))):
            true, predicted = targets[drawn], predictions[drawn]
            f1 = sklearn_metrics.f1_score(
                true, predicted, labels=np.unique(true), average="macro", zero_division=0
            )
            estimates[kind].append(f1)
    for kind, values in estimates.items():
        expected = np.quantile(values, [0.025, 0.975])
        assert (got[f"macro_f1{kind}_low"], got[f"macro_f1{kind}_high"]) == pytest.approx(
            tuple(expected), abs=0.015
        )


def test_evaluate_is_strict_json_and_seeded(nsynth_like):
    targets, scores, groups = nsynth_like
    got = ours.evaluate(targets, scores, labels=FAMILIES, groups=groups, seed=3)
    assert json.loads(json.dumps(got, allow_nan=False)) == got
    assert got == ours.evaluate(targets, scores, labels=FAMILIES, groups=groups, seed=3)
    assert got != ours.evaluate(targets, scores, labels=FAMILIES, groups=groups, seed=4)
    assert all(name == name.lower() and " " not in name for name in got)


def test_evaluate_of_nothing_is_none_and_zero():
    got = ours.evaluate([], np.empty((0, 11)), labels=FAMILIES, train_counts=NSYNTH_TEST, groups=[])
    counts = {name: value for name, value in got.items() if value is not None}
    assert counts == {"num_items": 0, "num_groups": 0} | {f"support_{family}": 0 for family in FAMILIES}


def test_evaluate_of_one_item():
    got = ours.evaluate([2], [[0.1, 0.2, 0.7]], labels=["a", "b", "c"], groups=["x"])
    assert (got["top1"], got["macro_f1"], got["macro_all_classes_f1"]) == (1.0, 1.0, pytest.approx(1 / 3))
    assert got["top1_low"] == pytest.approx(1 / (1 + 1.959964**2), abs=1e-6)
    assert got["top1_group_low"] is None
    assert got["macro_f1_low"] is None


def test_evaluate_of_two_classes_and_labels_with_spaces():
    got = ours.evaluate([0, 1], [[2, 1], [2, 1]], labels=["Wind Instruments", "Bowed-Strings"])
    assert got["top3"] == 1.0  # of two classes, both
    assert (got["recall_wind_instruments"], got["recall_bowed_strings"]) == (1.0, 0.0)


def test_report_shows_scores_beside_intervals_and_baselines(nsynth_like):
    targets, scores, groups = nsynth_like
    got = ours.evaluate(targets, scores, labels=FAMILIES, train_counts=NSYNTH_TEST, groups=groups)
    lines = ours.format_report(got, FAMILIES).splitlines()
    assert lines[0] == f"4096 items of {got['num_groups']} groups"
    assert lines[2].split("  ")[-2:] == ["majority", "random"]
    top1 = next(line for line in lines if line.startswith("top-1"))
    numbers = [got["top1"], got["top1_low"], got["top1_high"], got["top1_group_low"], got["top1_group_high"]]
    expected = [f"{number:.3f}" for number in numbers] + ["0.206", f"{got['baseline_random_top1']:.3f}"]
    assert [word for word in top1.split()[1:] if word != "to"] == expected
    assert [line.split()[0] for line in lines[-11:]] == FAMILIES
    assert lines[-2].split() == ["synth_lead", "0.000", "-", "-", "-", "0"]
    assert len({len(line) for line in lines[-12:]}) == 1  # aligned
    assert max(map(len, lines)) <= 80


def test_report_without_groups_and_baselines():
    text = ours.format_report(ours.evaluate([0, 1], np.eye(2), labels=["a", "b"]), ["a", "b"])
    assert "groups" not in text
    assert "majority" not in text
    assert text.startswith("2 items\n")


def test_confusion_text(nsynth_like):
    targets, scores, _ = nsynth_like
    table = table_of(targets, scores)
    lines = ours.format_confusion(table, FAMILIES).splitlines()
    assert len(lines) == 12
    assert max(map(len, lines)) <= 80
    assert lines[0].split()[-12:] == [*map(str, range(11)), "recall"]
    for index, line in enumerate(lines[1:]):
        words = line.split()
        assert words[:2] == [str(index), FAMILIES[index]]
        assert [0 if word == "." else int(word) for word in words[2:-1]] == table[index].tolist()
    assert lines[10].split()[-1] == "-"


# Bad input


@pytest.mark.parametrize(
    ("targets", "scores", "labels", "message"),
    [
        ([0, 1], np.zeros(2), None, r"scores must have the shape \(items, classes\), got \(2,\)"),
        ([[0]], np.zeros((1, 2)), None, r"targets must have the shape \(items,\), got \(1, 1\)"),
        ([0.0, 1.0], np.zeros((2, 2)), None, "targets must be integer class indices, got float64"),
        ([0, 2], np.zeros((2, 2)), None, r"targets must be in 0\.\.1, got 0\.\.2"),
        ([-1, 0], np.zeros((2, 2)), None, r"targets must be in 0\.\.1, got -1\.\.0"),
        ([0], np.zeros((2, 2)), None, "every target needs one row of scores, got 1 and 2"),
        ([0, 1], [[0, np.nan], [0, 1]], None, "scores must not be NaN, got 1 such items"),
        ([0, 1], np.zeros((2, 2)), ["a"], "every class needs one label, got 1 labels for 2 classes"),
        ([0, 1], np.zeros((2, 2)), ["a b", "A-b"], "labels must differ in more than case"),
    ],
)
def test_validate_names_the_rule_and_shows_the_value(targets, scores, labels, message):
    with pytest.raises(ValueError, match=message):
        ours.validate(targets, scores, labels)


def test_other_bad_input():
    with pytest.raises(ValueError, match="k must be between 1 and the number of classes, got 4 for 3"):
        ours.top_k_accuracy([0], np.zeros((1, 3)), 4)
    with pytest.raises(ValueError, match=r"predictions must be in 0\.\.2, got 3\.\.3"):
        ours.confusion_table([0], [3], num_classes=3)
    with pytest.raises(ValueError, match="every target needs one prediction, got 2 and 1"):
        ours.confusion_table([0, 1], [1], num_classes=3)
    with pytest.raises(ValueError, match="average must be one of macro, .*, got 'binary'"):
        ours.average_scores(np.eye(2), "binary")
    with pytest.raises(ValueError, match="train_counts must be counts per class"):
        ours.baselines([0], [0, 0])
    with pytest.raises(ValueError, match=r"train_counts must be \(2,\), got \(3,\)"):
        ours.evaluate([0, 1], np.eye(2), labels=["a", "b"], train_counts=[1, 2, 3])
