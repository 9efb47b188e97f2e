"""The share of a spectrum that is harmonics of one frequency, on spectra made by hand."""

import numpy as np
import pytest

from common.harmonic_share import share_of_spectrum


def test_share_of_harmonics_by_hand():
    bins = np.arange(0, 4000.0, 8.0)
    power = np.where(bins % 200 == 0, 1.0, 0.0)
    assert share_of_spectrum(power, bins, 200.0) == pytest.approx(1.0)
    assert share_of_spectrum(np.where(bins == 200, 0.0, power), bins, 200.0) == 0.0  # no fundamental
    assert share_of_spectrum(np.ones(len(bins)), bins, 200.0) == pytest.approx(0.0, abs=1e-9)
