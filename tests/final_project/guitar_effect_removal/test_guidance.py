import numpy as np
import pytest
import torch

from final_project.guitar_effect_removal.cleaning import clean
from final_project.guitar_effect_removal.effects import EFFECTS
from final_project.guitar_effect_removal.guidance import removal_strength


def heard(**probabilities):
    return np.array([probabilities.get(name, 0.0) for name in EFFECTS])


@pytest.mark.parametrize(
    ("probabilities", "strength"),
    [
        (heard(), 0.0),
        (heard(reverb=1.0, chorus=1.0, compressor=1.0), 0.0),
        (heard(distortion=1.0), 1.0),
        (heard(overdrive=0.4), 0.6),
        (heard(overdrive=0.2, amp=0.25), 0.6),  # 1 - 0.8 * 0.75 is 0.4
        (heard(overdrive=0.5, amp=0.5), 1.0),
    ],
)
def test_the_strength_grows_with_the_probability_that_something_clips(probabilities, strength):
    assert removal_strength(probabilities) == pytest.approx(strength)


class Halving(torch.nn.Module):
    """A remover that halves."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(0.5))

    def remove(self, wet, loudness):
        return self.weight * wet


@pytest.mark.parametrize(("strength", "factor"), [(0.0, 1.0), (0.5, 0.75), (1.0, 0.5)])
def test_a_part_of_the_removal_is_a_part_of_the_way(strength, factor):
    chunk = np.random.default_rng(0).standard_normal((2, 100)).astype(np.float32)
    found = clean(Halving(), chunk, np.ones(2), strength)
    np.testing.assert_allclose(found, factor * chunk, rtol=1e-5)
