"""The listening page: complete in itself, its times those of the sound, lyrics only text."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from common.page_files import relative_address
from common.score_markup import embedded
from hw3_melody_generation import listening_page
from hw3_melody_generation.constraints import Key
from hw3_melody_generation.harmony import Chord, harmonize
from hw3_melody_generation.listening_page import lyrics_markup, write_page
from hw3_melody_generation.performance import LEAD_IN, note_times
from hw3_melody_generation.songs import Lyrics, Melody, Metre, Song

NASTY = """</script><b>"R&B" <!-- {{data}} 'x' & 100%#"""
RATE = 44_100
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {size}>{inside}</svg>'
)


@dataclass
class Candidate:
    song: Song
    key: Key


@dataclass
class Finished:
    name: str
    candidate: Candidate
    tempo: float = 90.0
    chords: Sequence[Chord] = ()
    outputs: Mapping[str, Path] = field(default_factory=dict)


def twinkle(
    *, name: str = "twinkle", syllables=("Twin", "kle", "lit", "tle", "star"), outputs=()
) -> Finished:
    lyrics = Lyrics(
        tuple(syllables), (0, 0, 1, 1, 2), (0, 0, 1, 1, 1), punctuation=("", ",", "", "", "!"), language="en"
    )
    # The last note is tied over a bar line.
    song = Song(name, lyrics, Melody([60, 60, 67, 67, 65], [1, 1, 0.5, 0.5, 4], [0] * 5, Metre(4.0)))
    return Finished(name, Candidate(song, Key.parse("C")), 90.0, harmonize(song), dict(outputs))


def write_tone(path: Path, *, frequency: float = 440.0, seconds: float = 4.0, channels: int = 2) -> Path:
    tone = 0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)
    sf.write(path, np.repeat(tone[:, None], channels, 1), RATE)
    return path


@pytest.fixture
def page_of(parsed, tmp_path):
    """The parsed page of songs: `page_of(twinkle())`, in this test's folder."""

    def make(*songs: Finished, folder: Path = tmp_path, **options):
        return parsed(write_page(folder / "index.html", songs, **options).read_text())

    return make


def test_every_syllable_has_a_button_a_time_and_its_notes_in_the_score(page_of):
    page = page_of(twinkle(), twinkle())
    buttons = page.of(class_="syllable")
    assert [button["text"] for button in buttons] == ["Twin", "kle,", "lit", "tle", "star!"] * 2
    assert [int(button["data-place"]) for button in buttons] == [0, 1, 2, 3, 4] * 2
    ids = [element["id"] for element in page.elements if "id" in element]
    assert len(ids) == len(set(ids))  # of both scores
    starts, ends = note_times(twinkle().candidate.song, 90.0)
    for entry in page.data:
        assert entry["starts"] == pytest.approx(starts, abs=1e-4) and entry["starts"][0] == LEAD_IN
        assert entry["ends"] == pytest.approx(ends, abs=1e-4)
        assert [len(notes) for notes in entry["notes"]] == [1, 1, 1, 1, 2]
        assert all(note in ids for notes in entry["notes"] for note in notes)
    assert not page.open  # all that was opened was closed


def test_the_sound_is_inside(page_of, content_of, tmp_path):
    outputs = {
        "wav": write_tone(tmp_path / "twinkle.wav", frequency=440),
        "sung": write_tone(tmp_path / "twinkle_sung.wav", frequency=1000, channels=1),
    }
    played, sung = page_of(twinkle(outputs=outputs)).data[0]["sounds"]
    assert (played["name"], sung["name"]) == ("Played", "Sung")
    for sound, frequency in ((played, 440), (sung, 1000)):
        waveform, rate = sf.read(content_of(sound["sound"], "audio/mpeg"), always_2d=True)
        assert np.abs(np.fft.rfft(waveform[:, 0])).argmax() * rate / len(waveform) == pytest.approx(
            frequency, abs=1
        )
        assert len(waveform) / rate == pytest.approx(4.0, abs=0.001)


def test_long_sound_is_played_from_the_file_beside_the_page(page_of, tmp_path, monkeypatch):
    monkeypatch.setattr(listening_page, "LONGEST_SOUND", 3.0)
    outputs = {"wav": write_tone(tmp_path / "two words#.wav")}
    sound = page_of(twinkle(outputs=outputs)).data[0]["sounds"][0]["sound"]
    assert sound == "./two%20words%23.wav"


def test_files_beside_the_page_have_links(page_of, tmp_path):
    (tmp_path / "page").mkdir()
    outputs = {
        "midi": tmp_path / "page" / '"&.mid',
        "far": tmp_path / "elsewhere.mid",
        "gone": tmp_path / "page" / "gone.mid",
    }
    for kind in ("midi", "far"):
        outputs[kind].touch()
    page = page_of(twinkle(outputs=outputs), folder=tmp_path / "page")
    links = [(e["href"], e["text"]) for e in page.of("a")]
    assert links == [("./%22%26.mid", '"&.mid')]


def test_the_page_needs_nothing_from_elsewhere(page_of, tmp_path):
    outputs = {"wav": write_tone(tmp_path / "twinkle.wav", seconds=0.5)}
    addresses = page_of(twinkle(outputs=outputs)).addresses
    assert addresses and all(address.startswith(("data:", "#", "./")) for address in addresses)


def test_the_font_of_the_score_is_inside(page_of):
    assert 'font-family: Score; src: url("data:font/woff;base64,' in page_of(twinkle()).texts("style")[0]


def test_lyrics_and_names_are_text_wherever_they_stand(page_of):
    words = (NASTY, "<svg onload=alert(1)>", "&lt;b&gt;", "{{title}}", "x")
    plain = page_of(twinkle(syllables="abcde"))
    nasty = page_of(twinkle(name=NASTY, syllables=words), title=NASTY)
    html = [[e["tag"] for e in page.elements if not e.get("xmlns")] for page in (plain, nasty)]
    assert {tag for tag in html[1]} <= {tag for tag in html[0]}
    assert [e["text"] for e in nasty.elements if e["tag"] in ("title", "h1", "h2")] == [NASTY] * 3
    texts = [button["text"] for button in nasty.of(class_="syllable")]
    assert [text.rstrip(",!") for text in texts] == list(words)
    assert not any(name.startswith("on") for e in nasty.elements for name in e)


@pytest.mark.parametrize(("language", "between"), [("en", " "), ("ja", " "), ("zh", "")])
def test_words_and_lines(parsed, language, between):
    lyrics = Lyrics(tuple("abcd"), (0, 0, 1, 2), (0, 0, 0, 1), language=language)
    page = parsed(f"<div>{lyrics_markup(lyrics)}</div>")
    assert [len(page.of(class_=name)) for name in ("line", "word", "syllable")] == [2, 3, 4]
    assert f"</span>{between}<span" in lyrics_markup(lyrics)


def test_a_melody_without_sound_has_a_page(page_of):
    page = page_of(twinkle())
    assert page.data[0]["sounds"] == [] and len(page.of(class_="song")) == 1


def test_a_name_that_is_no_text_does_not_stop_the_page(page_of):
    assert page_of(twinkle(name="caf\udce9")).texts("h2") == ["caf?"]


def test_only_files_below_the_page_have_an_address(tmp_path):
    (tmp_path / "a.wav").touch()
    assert relative_address(tmp_path / "a.wav", tmp_path) == "./a.wav"
    assert relative_address(tmp_path / "b.wav", tmp_path) is None
    assert relative_address(tmp_path / "a.wav", tmp_path / "page") is None


# ---- the score's markup


def test_a_score_is_cleaned_of_what_does_not_draw():
    inside = (
        '<script>alert(1)</script><foreignObject><b/></foreignObject><g id="a" onclick="alert(1)">'
        '<use xlink:href="#b"/><image/><use xlink:href="http://x/#b"/><rect style="fill:url(http://x)"/>'
        '<path fill="url(#b)"/><a href="javascript:1"><path/></a></g><defs id="b"/>'
        '<style>@import "x";</style>'
    )
    root = ElementTree.fromstring(embedded(SVG.format(size="", inside=inside), prefix="p-", label="Score"))
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert tags == ["svg", "g", "use", "use", "rect", "path", "defs", "style"]
    values = [value for element in root.iter() for value in element.attrib.values()]
    assert values == ["img", "Score", "p-a", "#p-b", "url(#p-b)", "p-b"]


def test_ids_and_what_refers_to_them_have_a_prefix():
    inside = (
        '<style>#a g {fill:#abcdef}</style><g id="a"><path clip-path="url(#c)"/><use xlink:href="#c"/></g>'
        '<clipPath id="c"/>'
    )
    text = embedded(SVG.format(size="", inside=inside), prefix="p-", label="Score")
    assert 'id="p-a"' in text and "#p-a g {fill:#abcdef}" in text
    assert 'clip-path="url(#p-c)"' in text and 'href="#p-c"' in text and 'id="p-c"' in text


def test_a_fixed_size_becomes_a_view_box():
    text = embedded(SVG.format(size='width="210px" height="99.5px"', inside=""), prefix="", label="Score")
    root = ElementTree.fromstring(text)
    assert root.get("viewBox") == "0 0 210 99.5" and root.get("width") is None
    kept = embedded(SVG.format(size='viewBox="0 0 1 2" width="9"', inside=""), prefix="", label="Score")
    assert ElementTree.fromstring(kept).get("viewBox") == "0 0 1 2"


def test_what_is_no_svg_is_refused():
    with pytest.raises(ValueError, match="no SVG"):
        embedded("<svg", prefix="", label="Score")
