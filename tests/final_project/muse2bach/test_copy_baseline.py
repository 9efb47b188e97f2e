"""Copying: the shares, by hand, and its model folder."""

import numpy as np
import pytest
import torch

from common.run_folder import ModelFolderError
from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.copy_baseline import CopyModel, fit_copy
from final_project.muse2bach.tokens import VOCABULARY

VOICES = np.array([[72, 67, 64, 48]] * 4 + [[74, 67, 64, 48]] * 4, dtype=np.int16)


def test_shares_by_hand():
    model = fit_copy([Chorale("a", VOICES)])
    assert model.moves[0].tolist() == pytest.approx(
        [2 / 3, 1 / 4, 1 / 4, 1 / 4]
    )  # (moved + 1) / (frames + 2)
    assert model.moves[1].tolist() == pytest.approx([1 / 3, 1 / 4, 1 / 4, 1 / 4])
    (told,) = model.log_likelihoods([Chorale("a", VOICES)])
    other = (4 + 1) / (8 + VOCABULARY)  # the share of each of the soprano's two pitches
    assert told[0, 0] == pytest.approx(np.log(other))
    assert told[1, 0] == pytest.approx(np.log(3 / 4))
    assert told[4, 0] == pytest.approx(np.log(2 / 3 * other / (1 - other)))


def test_an_upbeat_moves_the_beat():
    voices = np.roll(np.tile(VOICES, (3, 1)), 2, axis=0)
    model = fit_copy([Chorale("a", voices, position=(np.arange(24) + 14) % 16)])
    assert model.moves[0].argmax() == 0


@pytest.mark.parametrize(
    "change", [{"moves": torch.zeros(4, 4)}, {"moves": torch.ones(4, 5)}, {"more": torch.ones(1)}]
)
def test_what_is_no_copy_baseline(change):
    tensors = {"moves": torch.full((4, 4), 0.5), "shares": torch.full((4, VOCABULARY), 0.02)} | change
    with pytest.raises(ModelFolderError, match="train again"):
        CopyModel.rebuilt({}, tensors, where="x")
