"""Pages: what is filled in stays what it is, and the sound inside is the one given."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
import soundfile

from common.pages import data_address, fill, mp3, script_json


def test_what_is_filled_in_is_not_filled_again(tmp_path):
    (tmp_path / "page.html").write_text("<b>{{one}}</b> {{two}} {{one}}", encoding="utf-8")
    assert fill(tmp_path / "page.html", {"one": "{{two}}", "two": "ü"}) == "<b>{{two}}</b> ü {{two}}"
    with pytest.raises(KeyError, match="two"):
        fill(tmp_path / "page.html", {"one": ""})


def test_json_ends_no_script():
    value = {"name": "</script><!-- & \u2028 'x' \"y\""}
    text = script_json(value)
    assert not set("<>&") & set(text) and json.loads(text) == value


def test_an_address_holds_the_content():
    head, _, text = data_address(b"\0\xff", "image/png").partition(",")
    assert head == "data:image/png;base64" and base64.b64decode(text) == b"\0\xff"


@pytest.mark.parametrize("channels", [1, 2])
def test_an_mp3_is_as_long_as_its_blocks_and_in_time(channels):
    waveform = np.zeros((channels, 3 * 44_100), dtype=np.float32)
    waveform[:, 44_100] = 3.0  # clipped
    blocks = (waveform[:, first : first + 10_000] for first in range(0, waveform.shape[1], 10_000))
    sound = mp3(blocks, sample_rate=44_100, channels=channels)
    decoded, rate = soundfile.read(io.BytesIO(sound), always_2d=True)
    assert decoded.shape == (3 * 44_100, channels) and rate == 44_100
    assert np.abs(decoded[:, 0]).argmax() == 44_100 and np.abs(decoded).max() < 1.1
