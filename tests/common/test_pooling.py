"""Poolings against numpy and scipy; padding, single frames, constants, gradients."""

import numpy as np
import pytest
import scipy.stats
import torch

from common.pooling import POOLINGS, AttentionPooling, pool

ORACLES = {
    "mean": lambda x: x.mean(-1),
    "std": lambda x: x.std(-1),
    "max": lambda x: x.max(-1),
    "min": lambda x: x.min(-1),
    "median": lambda x: np.median(x, -1),
    "skewness": lambda x: scipy.stats.skew(x, axis=-1),
    "kurtosis": lambda x: scipy.stats.kurtosis(x, axis=-1),
    "mean_abs_delta": lambda x: np.abs(np.diff(x, axis=-1)).mean(-1),
}
LENGTHS = [12, 7, 2, 1]


def frames(dtype=torch.float64):
    return torch.from_numpy(np.random.default_rng(0).gamma(2.0, size=(4, 5, 12))).to(dtype)


def padded(filler):
    x = frames()
    for clip, length in zip(x, LENGTHS, strict=True):
        clip[:, length:] = filler
    return x


def test_every_pooling_has_an_oracle():
    assert set(POOLINGS) == set(ORACLES)


@pytest.mark.parametrize("name", POOLINGS)
@pytest.mark.parametrize("count", [12, 11, 2])
def test_agrees_with_numpy_and_scipy(name, count):
    x = frames()[..., :count]
    np.testing.assert_allclose(
        POOLINGS[name](x, None).numpy(), ORACLES[name](x.numpy()), rtol=1e-10, atol=1e-12
    )


@pytest.mark.parametrize("name", POOLINGS)
def test_agrees_in_single_precision(name):
    x = frames(torch.float32)
    ours = POOLINGS[name](x, None)
    assert ours.dtype == torch.float32
    np.testing.assert_allclose(ours.numpy(), ORACLES[name](x.double().numpy()), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("filler", [0.0, 1e30, -1e30, float("nan"), float("inf")])
@pytest.mark.parametrize("name", POOLINGS)
def test_padding_never_reaches_the_result(name, filler):
    x = padded(filler).requires_grad_()
    pooled = POOLINGS[name](x, torch.tensor(LENGTHS))
    for clip, length, result in zip(x.detach(), LENGTHS, pooled.detach(), strict=True):
        torch.testing.assert_close(result, POOLINGS[name](clip[None, :, :length], None)[0])
    pooled.sum().backward()
    for gradient, length in zip(x.grad, LENGTHS, strict=True):
        assert torch.isfinite(gradient).all() and not gradient[:, length:].any()


def test_one_frame():
    x = frames()[..., :1]
    value, zero = x[..., 0], torch.zeros(4, 5, dtype=x.dtype)
    for name in POOLINGS:
        expected = value if name in ("mean", "max", "min", "median") else zero
        torch.testing.assert_close(POOLINGS[name](x, None), expected)


@pytest.mark.parametrize("value", [0.0, 0.1, -3e5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ["std", "skewness", "kurtosis", "mean_abs_delta"])
def test_a_constant_has_no_shape_and_no_infinite_gradient(name, dtype, value):
    x = torch.full((1, 1, 9), value, dtype=dtype, requires_grad=True)
    pooled = POOLINGS[name](x, None)
    assert abs(pooled.item()) <= 1e-6 * abs(value)
    pooled.sum().backward()
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize("name", POOLINGS)
def test_gradient_is_the_slope(name):
    x = frames()[:, :2].requires_grad_()
    assert torch.autograd.gradcheck(lambda x: POOLINGS[name](x, torch.tensor(LENGTHS)), x)


def test_pool_puts_poolings_side_by_side():
    x, lengths = frames(), torch.tensor(LENGTHS)
    both = pool(x, ["max", "mean"], lengths)
    assert both.shape == (4, 10)
    torch.testing.assert_close(both[:, :5], POOLINGS["max"](x, lengths))
    torch.testing.assert_close(both[:, 5:], POOLINGS["mean"](x, lengths))


def test_refusals():
    x = frames()
    for names, message in [(["mean", "mode"], "got mode"), ([], "got none")]:
        with pytest.raises(ValueError, match=f"poolings must be among mean, .*{message}"):
            pool(x, names)
    for lengths, message in [
        ([1, 2, 3], r"4 clips, got shape \(3,\)"),
        ([0, 1, 1, 1], r"1 \.\.\. 12, got 0"),
        ([13] * 4, "13"),
    ]:
        with pytest.raises(ValueError, match=message):
            pool(x, ["mean"], torch.tensor(lengths))
    for shape in [(5, 12), (4, 5, 0)]:
        with pytest.raises(ValueError, match="features must be"):
            pool(torch.zeros(shape), ["mean"])


class TestAttentionPooling:
    def attention(self):
        torch.manual_seed(0)
        attention = AttentionPooling(5, hidden=8).double()
        torch.nn.init.normal_(attention.score.weight)
        return attention

    def test_starts_as_the_mean(self):
        x, lengths = frames(), torch.tensor(LENGTHS)
        torch.testing.assert_close(AttentionPooling(5).double()(x, lengths), POOLINGS["mean"](x, lengths))

    @pytest.mark.parametrize("filler", [0.0, 1e30, float("nan")])
    def test_padding_never_reaches_the_result(self, filler):
        attention, x = self.attention(), padded(filler)
        pooled = attention(x, torch.tensor(LENGTHS))
        for clip, length, result in zip(x, LENGTHS, pooled, strict=True):
            torch.testing.assert_close(result, attention(clip[None, :, :length])[0])

    def test_one_frame_is_itself(self):
        x = frames()[..., :1]
        torch.testing.assert_close(self.attention()(x), x[..., 0])

    def test_learns_where_to_listen(self):
        """The answer stands in the one frame that a flag marks; the mean of all frames does not tell it."""
        generator = torch.Generator().manual_seed(0)
        x = torch.randn(256, 2, 10, generator=generator)
        marked = torch.randint(10, (256,), generator=generator)
        x[:, 1] = torch.nn.functional.one_hot(marked, 10).float()
        answer = x[torch.arange(256), 0, marked]
        torch.manual_seed(0)
        attention = AttentionPooling(2, hidden=8)
        optimizer = torch.optim.Adam(attention.parameters(), lr=0.05)
        for _ in range(150):
            optimizer.zero_grad()
            loss = (attention(x)[:, 0] - answer).square().mean()
            loss.backward()
            optimizer.step()
        mean_loss = (x[:, 0].mean(-1) - answer).square().mean()
        assert loss < 0.1 * mean_loss
