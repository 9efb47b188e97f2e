"""Normalizations against scikit-learn; constants, refusals, and the way through safetensors."""

import numpy as np
import pytest
from safetensors.numpy import load, save
from sklearn.preprocessing import MinMaxScaler, StandardScaler, normalize

from common.cli import UserError
from common.normalization import NORMALIZATIONS, MinMax, UnitLength, ZScore, normalizer_from_state


def table(items, seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal([0, 100, -5, 1e-3], [1, 20, 1e3, 1e-5], size=(items, 4))


TRAINING, TEST = table(50), table(20, seed=1)


@pytest.mark.parametrize(("ours", "theirs"), [(MinMax, MinMaxScaler), (ZScore, StandardScaler)])
def test_agrees_with_scikit_learn(ours, theirs):
    expected = theirs().fit(TRAINING)
    for x in (TRAINING, TEST):
        np.testing.assert_allclose(
            ours().fit(TRAINING).transform(x), expected.transform(x), rtol=1e-9, atol=1e-9
        )


def test_unit_length_agrees_with_scikit_learn():
    x = np.vstack([TEST, np.zeros(4), 1e-200 * TEST[:1], 1e200 * TEST[:1]])
    ours = UnitLength().fit(TRAINING).transform(x)
    np.testing.assert_allclose(ours[:20], normalize(TEST), rtol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), [1.0] * 20 + [0, 1, 1], rtol=1e-12)


def test_only_training_items_are_learnt_from():
    normalizer = ZScore().fit(TRAINING)
    before = normalizer.state()
    normalizer.transform(TEST + 7)
    assert all(np.array_equal(before[name], values) for name, values in normalizer.state().items())
    np.testing.assert_allclose(normalizer.transform(TRAINING).mean(axis=0), 0, atol=1e-9)
    assert np.abs(normalizer.transform(TEST + 7).mean(axis=0)).max() > 1


@pytest.mark.parametrize("normalizer", [MinMax, ZScore])
def test_constant_feature_becomes_zero_and_keeps_its_distance(normalizer):
    x = np.column_stack([np.full(30, 0.1), np.arange(30.0)])
    fitted = normalizer().fit(x)
    assert np.array_equal(fitted.transform(x)[:, 0], np.zeros(30))
    np.testing.assert_allclose(fitted.transform(np.array([[0.6, 1.0]]))[0, 0], 0.5)


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_one_training_item(name):
    x = np.array([[3.0, 4.0]])
    expected = [[0.6, 0.8]] if name == "unit_length" else [[0, 0]]
    np.testing.assert_allclose(NORMALIZATIONS[name]().fit_transform(x), expected)


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_state_goes_through_safetensors(name):
    fitted = NORMALIZATIONS[name]().fit(TRAINING)
    again = normalizer_from_state(name, load(save(fitted.state())))
    assert np.array_equal(again.transform(TEST), fitted.transform(TEST))


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_dtype_is_the_inputs(name):
    fitted = NORMALIZATIONS[name]().fit(TRAINING)
    assert fitted.transform(TEST.astype(np.float32)).dtype == np.float32
    assert fitted.transform(TEST.astype(int)).dtype == np.float64


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_refusals(name):
    normalizer = NORMALIZATIONS[name]
    fitted = normalizer().fit(TRAINING)
    with pytest.raises(UserError, match="fitted on 4 features, got 3"):
        fitted.transform(TEST[:, :3])
    with pytest.raises(UserError, match=r"table \(items, features\), got shape \(4,\)"):
        fitted.transform(TEST[0])
    with pytest.raises(UserError, match="not been fitted"):
        normalizer().transform(TEST)
    with pytest.raises(UserError, match="no items"):
        normalizer().fit(np.zeros((0, 4)))
    for bad in (np.nan, np.inf):
        spoilt = TRAINING.copy()
        spoilt[3, 2] = bad
        for use in (normalizer().fit, fitted.transform):
            with pytest.raises(UserError, match=f"feature 2 of item 3 is {bad}"):
                use(spoilt)


def test_strange_states_are_refused():
    state = ZScore().fit(TRAINING).state()
    with pytest.raises(
        UserError, match="unknown normalization 'zs'; choose from minmax, zscore, unit_length"
    ):
        normalizer_from_state("zs", state)
    with pytest.raises(UserError, match="MinMax needs the arrays minimum, scale, got mean, scale"):
        normalizer_from_state("minmax", state)
    with pytest.raises(UserError, match="differ in shape"):
        normalizer_from_state("zscore", {"mean": state["mean"], "scale": state["scale"][:2]})
