"""Pages: what is filled in stays what it is, the sound inside is the one given, and nothing is fetched."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
from collections import defaultdict
from pathlib import PurePosixPath

import numpy as np
import pytest
import soundfile

from common.assignments import ROOT, assignments
from common.handin.code_files import code_files
from common.pages import PAGE_PARTS, data_address, fill, mp3, script_json

TEMPLATES = sorted([*ROOT.glob("hw?_*/*.html"), *ROOT.glob("final_project/*/*.html")])
PARTS = sorted(PAGE_PARTS.iterdir())


def short(path) -> str:
    return str(path.relative_to(ROOT))


def test_what_is_filled_in_is_not_filled_again(tmp_path):
    (tmp_path / "page.html").write_text("<b>{{one}}</b> {{two}} {{one}}", encoding="utf-8")
    assert fill(tmp_path / "page.html", {"one": "{{two}}", "two": "ü"}) == "<b>{{two}}</b> ü {{two}}"
    with pytest.raises(KeyError, match="two"):
        fill(tmp_path / "page.html", {"one": ""})


def test_shared_parts_are_put_in_with_their_places(tmp_path, monkeypatch):
    monkeypatch.setattr("common.pages.PAGE_PARTS", tmp_path)
    (tmp_path / "part.js").write_text("ö {{name}}\n", encoding="utf-8")
    (tmp_path / "page.html").write_text("<{{part.js}}>")
    assert fill(tmp_path / "page.html", {"name": "{{part.js}}"}) == "<ö {{part.js}}>"
    (tmp_path / "page.html").write_text("{{other.js}}")
    with pytest.raises(FileNotFoundError, match="other.js"):
        fill(tmp_path / "page.html", {})


@pytest.mark.parametrize("path", [*TEMPLATES, *PARTS], ids=short)
def test_nothing_is_fetched(path):
    text = path.read_text(encoding="utf-8")
    assert not any(word in text for word in ("http", "//cdn", "@import", "url(", "fetch(", "import("))


@pytest.mark.skipif(shutil.which("node") is None, reason="no JavaScript engine is installed")
@pytest.mark.parametrize("template", TEMPLATES, ids=short)
def test_the_script_of_a_page_is_javascript(template, parsed, tmp_path):
    page = parsed(fill(template, defaultdict(str)))
    assert not page.open and page.of("script", id="data")
    (tmp_path / "page.js").write_text(page.texts("script")[-1], encoding="utf-8")
    assert subprocess.run(["node", "--check", tmp_path / "page.js"], check=False).returncode == 0


def test_shared_parts_are_handed_in_with_every_assignment():
    for assignment in assignments().values():
        assert {PurePosixPath(short(path)) for path in PARTS} <= set(code_files(assignment, ROOT).taken)


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
