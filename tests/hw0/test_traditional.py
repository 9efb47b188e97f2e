"""Traditional models: features, fair cross-validation, prediction in numpy, fusion, model folders."""

from __future__ import annotations

import ast
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from common.cli import UserError
from common.features import FEATURES
from common.normalization import NORMALIZATIONS, ZScore
from common.pooling import POOLINGS
from common.run_folder import ModelFolderError, RunFolder
from hw0_note_classification import ASSIGNMENT
from hw0_note_classification import traditional as package
from hw0_note_classification.data import FAMILIES, open_training_splits, read_note
from hw0_note_classification.traditional import (
    FeatureExtractor,
    FeatureSettings,
    TraditionalClassifier,
    TraditionalConfig,
    fit_traditional,
)
from hw0_note_classification.traditional import feature_table as feature_table_module
from hw0_note_classification.traditional import features as features_module
from hw0_note_classification.traditional import search as search_module
from hw0_note_classification.traditional.classifier import fuse
from hw0_note_classification.traditional.estimators import MODELS, fit_predictor
from hw0_note_classification.traditional.feature_table import FeatureTable, feature_table
from hw0_note_classification.traditional.member import softmax
from hw0_note_classification.traditional.predictors import PREDICTORS, squared_distances
from hw0_note_classification.traditional.search import Plan, fit_temperature, grouped_folds, search
from hw0_note_classification.traditional.selection import select
from hw0_note_classification.traditional.training import balanced, training_notes

CONFIG = TraditionalConfig(features=("mfcc", "spectral_contrast", "rms"), search="off", folds=2, jobs=1)
PARAMETERS = {
    "knn": {"n_neighbors": 5},
    "svm": {"C": 3.0, "gamma_factor": 1.0},
    "forest": {"max_features": "sqrt", "min_samples_leaf": 2},
    "ridge": {"alpha": 1.0},
    "logistic": {"C": 1.0},
    "boosting": {"max_leaf_nodes": 5},
}


def clusters(
    *, classes: int = 4, each: int = 30, columns: int = 6, spread: float = 1.2, seed: int = 0
) -> FeatureTable:
    """Overlapping Gaussian classes; five instruments in each class; float32 as features are."""
    rng = np.random.default_rng(seed)
    targets = np.repeat(np.arange(classes), each)
    centres = np.random.default_rng(100 + columns).normal(size=(classes, columns))
    features = centres[targets] + spread * rng.normal(size=(len(targets), columns))
    groups = targets * 5 + np.tile(np.arange(5), len(targets) // 5)
    return FeatureTable(features.astype(np.float32), targets, groups)


def plan(model: str, columns: int = 6) -> Plan:
    return Plan(model, "", np.arange(columns))


@pytest.fixture(scope="module")
def splits(tiny_nsynth):
    return open_training_splits(tiny_nsynth)


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("feature_cache")


@pytest.fixture(scope="module")
def trained(splits, cache, tmp_path_factory):
    """`trained(model, **options)`: the run folder and the validation metrics of a fit, once for each."""
    done = {}

    def get(model: str, **options):
        key = (model, *sorted(options.items()))
        if key not in done:
            config = replace(CONFIG, feature_cache=cache, **options)
            path = tmp_path_factory.mktemp("run") / model
            run = RunFolder.create(path, assignment=ASSIGNMENT, config=config)
            done[key] = path, fit_traditional(model, *splits, config=config, run=run)
        return done[key]

    return get


@pytest.fixture(scope="module")
def waveforms(splits):
    _, valid = splits
    return torch.stack([torch.from_numpy(read_note(valid.path(i))) for i in range(0, 44, 4)])


# Whole models


@pytest.mark.parametrize("model", MODELS)
def test_each_model_learns_the_tiny_set_and_comes_back_the_same(model, trained, splits, waveforms):
    folder, metrics = trained(model)
    assert metrics["num_items"] == 44
    assert metrics["top1"] > 0.5 > 4 * metrics["baseline_majority_top1"]  # 11 families: chance is 0.09
    classifier = TraditionalClassifier.load(folder)
    probabilities = classifier.probabilities(waveforms)
    assert probabilities.shape == (11, 11) and probabilities.min() >= 0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    correct = (probabilities.argmax(axis=1) == splits[1].family[::4]).mean()
    assert correct > 0.5
    copy = folder.with_name("copy")
    classifier.save(copy, trained_with={})
    np.testing.assert_array_equal(TraditionalClassifier.load(copy).probabilities(waveforms), probabilities)
    assert json.loads((folder / "config.json").read_text())["model"] == model


def test_validation_metrics_are_those_of_the_saved_model(trained, splits, cache):
    folder, metrics = trained("ridge")
    classifier = TraditionalClassifier.load(folder)
    table = feature_table(splits[1], classifier.extractor, cache=cache)
    predictions = classifier.probabilities_of_features(table.features).argmax(axis=1)
    assert metrics["top1"] == (predictions == table.targets).mean()


def test_same_seed_gives_the_same_bytes(trained):
    first, _ = trained("forest")
    second, _ = trained("forest", jobs=2)
    assert (first / "model.safetensors").read_bytes() == (second / "model.safetensors").read_bytes()


def test_waveforms_of_any_length(trained, waveforms):
    classifier = TraditionalClassifier.load(trained("ridge")[0])
    for samples in (1, 100, 48_000, 100_000):
        clip = torch.nn.functional.pad(waveforms[:2], (0, max(0, samples - 64_000)))[:, :samples]
        np.testing.assert_allclose(classifier.probabilities(clip).sum(axis=1), 1)
    assert np.isfinite(classifier.probabilities(torch.zeros(1, 16_000))).all()
    with pytest.raises(UserError, match="waveforms must be"):
        classifier.probabilities(waveforms[0])


def test_search_is_kept_with_its_curve(trained):
    folder, _ = trained("knn", search="small")
    (searched,) = json.loads((folder / "search.json").read_text())["searches"]
    scores = {row["n_neighbors"]: row["score"] for row in searched["candidates"]}
    assert len(scores) > 2
    assert scores[searched["chosen"]["n_neighbors"]] == max(scores.values()) == searched["score"]
    assert (folder / "figures" / "search_knn.png").read_bytes().startswith(b"\x89PNG")


# Prediction in numpy agrees with scikit-learn


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("model", [*MODELS, "linear svm", "sparse logistic"])
def test_predictor_agrees_with_scikit_learn(model, classes):
    config = replace(CONFIG, kernel="linear") if model == "linear svm" else CONFIG
    config = replace(CONFIG, penalty="l1") if model == "sparse logistic" else config
    name = model.split()[-1]
    parameters = {"C": 0.1} if model == "linear svm" else PARAMETERS[name]
    training, new = clusters(classes=classes), clusters(classes=classes, seed=1)
    fit, _ = MODELS[name]
    estimator = fit(config, 1, **parameters).fit(training.features, training.targets)
    ours = fit_predictor(name, training.features, training.targets, parameters, config).scores(new.features)
    if name in ("knn", "forest"):
        expected = np.log(np.maximum(estimator.predict_proba(new.features), 1e-3))
    else:
        expected = estimator.decision_function(new.features)
    if expected.ndim == 1 and model != "svm":
        expected = np.stack([-expected, expected], axis=1)
    if expected.ndim == 1:  # the only pair is decided by the sign; our score is not the decision itself
        np.testing.assert_array_equal(ours.argmax(axis=1), expected > 0)
        return
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-5)


def test_a_note_known_by_heart_is_its_own_neighbour():
    table = clusters(spread=3)
    predictor = fit_predictor("knn", table.features, table.targets, {"n_neighbors": 9}, CONFIG)
    predictor.notes = np.rint(predictor.notes)  # so that distances to itself are 0 without rounding
    predictor.notes += 100 * np.arange(len(predictor.notes))[:, None]
    np.testing.assert_array_equal(predictor.scores(predictor.notes).argmax(axis=1), table.targets)


def test_squared_distances():
    x, y = np.array([[0.0, 3.0]]), np.array([[4.0, 0.0], [0.0, 3.0]])
    np.testing.assert_allclose(squared_distances(x, y), [[25.0, 0.0]])


def test_l1_makes_weights_zero_and_l2_does_not():
    rng = np.random.default_rng(0)
    table = clusters(spread=0.5)
    features = np.concatenate([table.features, rng.normal(size=(120, 40))], axis=1).astype(np.float32)
    for model, options, parameters in (
        ("logistic", {}, {"C": 0.1}),
        ("svm", {"kernel": "linear"}, {"C": 0.01}),
    ):
        zeros = {}
        for penalty in ("l1", "l2"):
            config = replace(CONFIG, penalty=penalty, **options)
            predictor = fit_predictor(model, features, table.targets, parameters, config)
            zeros[penalty] = (predictor.weights[:, 6:] == 0).mean()  # of the columns that are noise
            assert (predictor.weights[:, :6] != 0).any()
        assert zeros["l1"] > 0.8 and zeros["l2"] == 0


# Cross-validation


def test_no_instrument_is_on_both_sides_of_a_fold():
    table = clusters(each=50)
    folds = grouped_folds(table, replace(CONFIG, folds=5))
    assert len(folds) == 5
    for training, held_out in folds:
        assert not set(table.groups[training]) & set(table.groups[held_out])
        assert set(table.targets[held_out]) == {0, 1, 2, 3}
    np.testing.assert_array_equal(np.sort(np.concatenate([held for _, held in folds])), np.arange(200))


def test_search_learns_from_the_training_rows_of_a_fold_only(monkeypatch):
    table = clusters()
    fitted = []

    class Probe(ZScore):
        def fit(self, x):
            fitted.append({row.tobytes() for row in np.asarray(x)})
            return super().fit(x)

    monkeypatch.setitem(NORMALIZATIONS, "zscore", Probe)
    selected_on = []

    def probe_select(kind, size, x, y, *, seed):
        selected_on.append(len(x))
        return select(kind, size, x, y, seed=seed)

    monkeypatch.setattr(search_module, "select", probe_select)
    config = replace(CONFIG, folds=3, selection="univariate", selection_size=3)
    search(plan("ridge"), table, config)
    folds = grouped_folds(table, config)
    assert [len(training) for training, _ in folds] == selected_on[:3]
    for (training, held_out), seen in zip(folds, fitted, strict=False):
        assert seen == {table.features[row].tobytes() for row in training}
        assert not seen & {table.features[row].tobytes() for row in held_out}
    assert len(fitted) == 4 and len(fitted[3]) == len(table.targets)  # and the final fit


def test_groups_decide_the_search_against_learning_instruments_by_heart():
    """Notes of an instrument are alike and say nothing of the family: held-out instruments are chance."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 10)
    features = rng.normal(size=(40, 6))[groups] + 0.01 * rng.normal(size=(400, 6))
    table = FeatureTable(features.astype(np.float32), groups % 4, groups)
    assert search(plan("knn"), table, CONFIG).rows[0]["score"] < 0.5  # ungrouped folds would give 1.0


def test_search_takes_the_best_candidate():
    table = clusters(spread=1.5, each=100)
    found = search(plan("knn"), table, replace(CONFIG, search="small", jobs=2))
    scores = {row["n_neighbors"]: row["score"] for row in found.rows}
    assert scores[3] < scores[found.parameters["n_neighbors"]] == max(scores.values())
    assert int(found.member.predictor.num_neighbours) == found.parameters["n_neighbors"]


def test_too_few_instruments_or_families():
    table = clusters()
    with pytest.raises(UserError, match="at least 2 instruments"):
        search(plan("ridge"), table._replace(groups=np.zeros_like(table.groups)), CONFIG)
    with pytest.raises(UserError, match="2 families|too few instruments"):
        search(plan("ridge"), table._replace(targets=np.zeros_like(table.targets)), CONFIG)


def test_temperature_is_found_again():
    rng = np.random.default_rng(0)
    logits = 2 * rng.normal(size=(20_000, 5))
    targets = (softmax(logits).cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1)
    assert fit_temperature(3 * logits, targets) == pytest.approx(3, rel=0.05)
    logits[targets == 4, 4] = -np.inf  # a class that a fold did not know
    assert np.isfinite(fit_temperature(logits, targets))


# Selection, balance


@pytest.mark.parametrize("kind", ["univariate", "model"])
def test_selection_keeps_what_is_informative(kind):
    table = clusters(each=60, spread=0.7)
    noise = np.random.default_rng(1).normal(size=(240, 50))
    constant = np.full((240, 2), 0.1)
    features = np.concatenate([noise, table.features, constant], axis=1).astype(np.float32)
    kept = select(kind, 6, features, table.targets, seed=0)
    assert len(set(kept) & set(range(50, 56))) >= 5
    assert not set(kept) & {56, 57}
    np.testing.assert_array_equal(select("none", 6, features, table.targets, seed=0), np.arange(58))


def test_selection_reaches_the_saved_model(trained, waveforms):
    folder, metrics = trained("ridge", selection="univariate", selection_size=30)
    classifier = TraditionalClassifier.load(folder)
    assert len(classifier.members[0].selected) == 30 == classifier.members[0].predictor.weights.shape[1]
    assert metrics["top1"] > 0.5


def test_balance_takes_as_many_of_each_family_as_the_rarest_has(splits):
    targets = np.array([0] * 50 + [3] * 7 + [9] * 20)
    positions = balanced(targets, seed=0)
    np.testing.assert_array_equal(np.bincount(targets[positions], minlength=11)[[0, 3, 9]], [7, 7, 7])
    assert len(set(positions)) == 21
    assert not np.array_equal(positions, balanced(targets, seed=1))
    train, _ = splits
    uneven = train.subset(np.flatnonzero((train.family != 2) | (np.arange(len(train)) % 2 == 0)))
    kept = training_notes(uneven, replace(CONFIG, balance=True))
    np.testing.assert_array_equal(kept.class_counts(), np.full(11, 4))
    assert len(training_notes(train, replace(CONFIG, max_notes=10))) == 10


# Fusion


def test_fusion_by_hand():
    one = np.array([[0.6, 0.3, 0.1], [0.5, 0.4, 0.1]])
    two = np.array([[0.1, 0.8, 0.1], [0.4, 0.5, 0.1]])
    three = np.array([[0.5, 0.1, 0.4], [0.0, 0.1, 0.9]])
    np.testing.assert_allclose(fuse([one, two, three], "late-mean"), (one + two + three) / 3)
    votes = np.array([[2, 1, 0], [1, 1, 1]])
    voted = fuse([one, two, three], "late-vote")
    np.testing.assert_allclose(voted, (votes + (one + two + three) / 3) / 4)
    np.testing.assert_allclose(voted.sum(axis=1), 1)
    assert voted[0].argmax() == 0 and voted[1].argmax() == 2  # the majority; the mean where all differ
    assert fuse([one], "early") is one


def test_late_fusion_of_models_is_the_mean_of_its_members(trained, waveforms):
    folder, metrics = trained("ridge", fusion="late-mean", members=("forest", "knn"))
    fused = TraditionalClassifier.load(folder)
    assert [member.model for member in fused.members] == ["ridge", "forest", "knn"]
    alone = [
        TraditionalClassifier.load(trained(name)[0]).probabilities(waveforms)
        for name in ("ridge", "forest", "knn")
    ]
    np.testing.assert_allclose(fused.probabilities(waveforms), np.mean(alone, axis=0), rtol=1e-9)
    assert metrics["top1"] > 0.5


def test_late_fusion_of_features_gives_each_its_own_model(trained, waveforms):
    folder, metrics = trained("ridge", fusion="late-vote")
    fused = TraditionalClassifier.load(folder)
    assert [len(member.inputs) for member in fused.members] == [140, 49, 7]  # features times 7 poolings
    every = np.concatenate([member.inputs for member in fused.members])
    np.testing.assert_array_equal(every, np.arange(196))
    assert metrics["top1"] > 0.5


# Features


def test_features_do_not_depend_on_level_or_silence_around_the_note():
    generator = torch.Generator().manual_seed(0)
    note = torch.randn(1, 30_720, generator=generator) * torch.linspace(1, 0.2, 30_720)
    extractor = FeatureExtractor(FeatureSettings())
    padded = torch.nn.functional.pad(note, (8 * 1024, 40 * 1024))  # whole frames, so that the frames agree
    plain = extractor(torch.nn.functional.pad(note, (4 * 1024, 4 * 1024)))
    np.testing.assert_allclose(extractor(0.01 * padded), plain, rtol=1e-3, atol=1e-3)
    everything = FeatureExtractor(FeatureSettings(trim_db=0, level="none"))
    assert np.abs(everything(0.01 * padded) - everything(padded)).max() > 1


def test_columns_say_what_they_hold():
    settings = FeatureSettings(features=("mfcc", "rms"), poolings=("mean", "max"), n_mfcc=3, level="none")
    extractor = FeatureExtractor(settings)
    assert extractor.column_names[:4] == [
        "mean of mfcc[0]",
        "mean of mfcc[1]",
        "mean of mfcc[2]",
        "max of mfcc[0]",
    ]
    assert extractor.columns == {"mfcc": slice(0, 6), "rms": slice(6, 8)}
    table = extractor(torch.full((1, 64_000), 0.5))
    assert table[0, extractor.column_names.index("max of rms")] == pytest.approx(0.5)


def test_features_that_are_not_numbers_are_refused(trained, splits, monkeypatch, tmp_path):
    broken = torch.zeros(2, 4000)
    broken[1, 7] = torch.nan
    classifier = TraditionalClassifier.load(trained("ridge")[0])
    with pytest.raises(UserError, match=r"waveform 1: the mean of mfcc\[0\] is nan; check the recording"):
        classifier.probabilities(broken)
    monkeypatch.setattr(
        feature_table_module,
        "note_batches",
        lambda index, **_: iter([{"waveform": broken, "index": torch.tensor([0, 1])}]),
    )
    name = splits[0].names[1].decode()
    with pytest.raises(UserError, match=f"{name}.wav: the mean of mfcc"):
        feature_table(splits[0], classifier.extractor, cache=tmp_path)
    assert not list(tmp_path.glob("*.safetensors"))


def test_constant_features_are_fine():
    table = clusters()
    features = np.concatenate([table.features, np.full((120, 2), 0.1, dtype=np.float32)], axis=1)
    for normalization in (*NORMALIZATIONS, "none"):
        config = replace(CONFIG, normalization=normalization, selection="univariate", selection_size=7)
        for model in ("svm", "knn"):
            found = search(plan(model, 8), table._replace(features=features), config)
            assert np.isfinite(found.member.probabilities(features)).all()
            assert found.rows[0]["score"] > 0.4


# The feature cache


def test_features_are_computed_once_and_again_when_anything_changes(splits, tmp_path, monkeypatch):
    train = splits[0].subset(np.arange(20))
    monkeypatch.setattr(feature_table_module, "PART", 8)
    settings = FeatureSettings(features=("rms",), poolings=("mean",))
    calls = []

    class Counting(FeatureExtractor):
        def __call__(self, waveforms, names=()):
            calls.append(len(waveforms))
            return super().__call__(waveforms, names)

    first = feature_table(train, Counting(settings), cache=tmp_path)
    assert sum(calls) == 20 and len(list(tmp_path.iterdir())) == 3
    again = feature_table(train, Counting(settings), cache=tmp_path)
    assert sum(calls) == 20
    np.testing.assert_array_equal(first.features, again.features)
    np.testing.assert_array_equal(first.targets, train.family)
    feature_table(train, Counting(replace(settings, hop_length=512)), cache=tmp_path)
    assert sum(calls) == 40
    for part in sorted(tmp_path.iterdir())[:2]:
        part.write_bytes(part.read_bytes()[:-8])  # torn by a crash of the disk
    torn = feature_table(train, Counting(settings), cache=tmp_path)
    np.testing.assert_array_equal(torn.features, first.features)


def test_features_follow_the_recordings_and_leave_out_broken_ones(folder, tmp_path, capsys):
    from hw0_note_classification.data import open_split

    index, _ = open_split(folder.parent, "train")
    extractor = FeatureExtractor(FeatureSettings(features=("rms",), poolings=("mean",)))
    before = feature_table(index, extractor, cache=tmp_path / "cache")
    shutil.copyfile(index.path(1), index.path(0))  # another recording under the same name
    index.path(5).write_bytes(b"no wav")
    after = feature_table(index, extractor, cache=tmp_path / "cache")
    assert len(after.targets) == len(before.targets) - 1 == 43
    assert after.features[0] == before.features[1] != before.features[0]
    np.testing.assert_array_equal(after.features[5:], before.features[6:])
    np.testing.assert_array_equal(after.targets, np.delete(index.family, 5))
    assert "skipped" in capsys.readouterr().err


# Model folders


def spoil_config(folder: Path, **changes) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


@pytest.mark.parametrize("model", MODELS)
def test_missing_or_misshapen_arrays_are_refused(model, trained, tmp_path):
    folder = shutil.copytree(trained(model)[0], tmp_path / model)
    arrays = load_file(folder / "model.safetensors")
    for name in arrays:
        save_file({key: array for key, array in arrays.items() if key != name}, folder / "model.safetensors")
        with pytest.raises(ModelFolderError, match=str(folder)):
            TraditionalClassifier.load(folder)
        if name.endswith(("roots", "shares")):
            continue  # every tree twice is a sound forest, and so is one with shares that no leaf has
        longer = np.repeat(np.atleast_1d(arrays[name]), 2, axis=0)
        save_file(arrays | {name: longer}, folder / "model.safetensors")
        with pytest.raises(ModelFolderError):
            TraditionalClassifier.load(folder)
    save_file(arrays | {"member0.predictor.more": np.zeros(1)}, folder / "model.safetensors")
    with pytest.raises(ModelFolderError, match="more"):
        TraditionalClassifier.load(folder)


def test_indices_that_point_outside_are_refused(trained, tmp_path):
    for model, name in (("forest", "left"), ("boosting", "feature"), ("forest", "leaf"), ("svm", "pairs")):
        folder = shutil.copytree(trained(model)[0], tmp_path / f"{model}_{name}")
        arrays = load_file(folder / "model.safetensors")
        arrays[f"member0.predictor.{name}"].flat[0] = 10**6
        save_file(arrays, folder / "model.safetensors")
        with pytest.raises(ModelFolderError, match=name):
            TraditionalClassifier.load(folder)


def test_tampered_config_is_refused(trained, tmp_path):
    folder = trained("ridge")[0]
    member = json.loads((folder / "config.json").read_text())["members"][0]
    for number, (changes, text) in enumerate(
        (
            ({"assignment": "hw1_instrument_detection"}, "belongs to hw1"),
            ({"model": "cnn"}, "holds a CNN"),
            ({"surprise": 1}, "unknown key surprise"),
            ({"members": []}, "other families or another rate"),
            ({"families": FAMILIES[::-1]}, "other families"),
            ({"members": [member | {"predictor": "os.system"}]}, "unknown predictor 'os.system'"),
            ({"members": [member | {"predictor": "Forest"}]}, "needs the arrays"),
            ({"members": [member | {"normalization": "minmax"}]}, "needs the arrays"),
            ({"members": [member | {"temperature": 0.0}]}, "temperature"),
            ({"members": [member, member]}, "inputs"),
        )
    ):
        spoilt = shutil.copytree(folder, tmp_path / str(number))
        spoil_config(spoilt, **changes)
        with pytest.raises(ModelFolderError, match=text):
            TraditionalClassifier.load(spoilt)


def test_nothing_is_pickled(trained, cache):
    for source in Path(package.__file__).parent.glob("*.py"):
        tree = ast.parse(source.read_text())
        imported = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not imported & {"pickle", "dill", "cloudpickle", "shelve", "marshal", "skops"}
        called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not called & {"dump", "load_npy", "eval"}
    for model in MODELS:
        for file in trained(model)[0].rglob("*"):
            assert file.is_dir() or file.suffix in (".json", ".safetensors", ".png")
    for file in [*trained("forest")[0].glob("*.safetensors"), *cache.iterdir()]:
        content = file.read_bytes()
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])  # safetensors: plain JSON
        assert all(set(entry) <= {"dtype", "shape", "data_offsets", "key"} for entry in header.values())


# Options


def test_names_are_those_of_the_libraries():
    assert get_args(features_module.FeatureName) == tuple(FEATURES)
    assert get_args(features_module.PoolingName) == tuple(POOLINGS)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"features": ("mfcc", "loudness")}, "--features: loudness; choose from"),
        ({"features": ()}, "none given"),
        ({"features": ("rms", "rms")}, "each once"),
        ({"poolings": ("average",)}, "--poolings: average"),
        ({"folds": 1}, "--folds is 1"),
        ({"trim_db": -3.0}, "--trim-db is -3"),
        ({"members": ("knn",)}, "late fusion"),
    ],
)
def test_options_that_make_no_sense(options, text):
    with pytest.raises(UserError, match=text):
        TraditionalConfig(**options)


def test_options_that_do_not_go_with_the_model():
    for model, options, text in (
        ("svm", {"penalty": "l1"}, "--kernel linear"),
        ("forest", {"penalty": "l1"}, "does not go with forest"),
        ("knn", {"fusion": "late-mean", "members": ("knn",)}, "each model once"),
        ("tree", {}, "unknown model 'tree'"),
    ):
        with pytest.raises(UserError, match=text):
            TraditionalConfig(**options).check_model(model)
    TraditionalConfig(penalty="l1", kernel="linear").check_model("svm")
    with pytest.raises(UserError, match="n_mfcc must be in"):
        FeatureExtractor(FeatureSettings(features=("mfcc",), n_mfcc=65))


def test_every_predictor_has_a_model():
    table = clusters()
    made = {
        type(fit_predictor(name, table.features, table.targets, parameters, CONFIG)).__name__
        for name, parameters in PARAMETERS.items()
    }
    assert made == set(PREDICTORS)
