"""Every kind of page in a real browser: its script has no error, fetches nothing, and does what it says.

Skipped where no Chromium is installed. The pages are small, their names and words hostile.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile as sf

from common.assignments import assignments
from common.notes_in.lines import Metre
from common.pages import script_json
from common.synthesis import Note
from final_project.guitar_effect_removal.ab_page import save_page as save_ab_page
from final_project.guitar_effect_removal.heard_effects import HeardEffects
from final_project.muse2bach.candidates import Candidate
from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.chorale_table import Finished
from final_project.muse2bach.listening_page import write_page as write_chorales
from final_project.muse2bach.outputs import Manner
from final_project.muse2bach.performance import LEAD_IN as CHORALE_LEAD_IN
from final_project.singing.beautified_page import save_page as save_beautified
from final_project.singing.corrected_take import Decision
from final_project.singing.karaoke_page import PageSong
from final_project.singing.karaoke_page import write_page as write_karaoke
from final_project.singing.rendering import Correction
from final_project.singing.song import one_voice
from final_project.singing.take_notes import TakeNote
from final_project.singing.time_correction import unchanged
from final_project.singing.tracking import PitchTrack
from grading.classroom.feedback import feedback_page
from grading.classroom.late import Lateness
from grading.classroom.leaderboard import Place, leaderboard_page
from grading.classroom.measures import Measure
from grading.classroom.store import Graded, Job
from grading.classroom.students import Entry, Student
from grading.plagiarism.code_files import Code
from grading.plagiarism.pages import index_page, pair_page
from grading.plagiarism.similarity import Comparison, Owned, Pair
from grading.plagiarism.spans import Block, Run
from grading.records import Grade, Item
from hw1_instrument_detection.activity_page import save_page as save_activity
from hw1_instrument_detection.streaming import Activity
from hw2_source_separation.listening_page import save_page as save_stems
from hw3_melody_generation.constraints import Key
from hw3_melody_generation.listening_page import write_page as write_melodies
from hw3_melody_generation.performance import LEAD_IN
from hw3_melody_generation.songs import Lyrics, Melody, Song

NASTY = """</script><img src=x onerror="console.error('ran')"><b>R&B <!-- {{data}} 'x' & 100%#"""
RATE = 22_050


def write_tone(path: Path, *, seconds: float = 4.0) -> Path:
    times = np.arange(round(seconds * RATE)) / RATE
    sf.write(path, 0.3 * np.sin(2 * np.pi * 440 * times), RATE)
    return path


# ---- the homeworks


def test_activity(opened, tmp_path):
    probabilities = np.full((3, 9), 0.1)
    probabilities[1, 6] = 0.9  # the voice, in the second step
    activity = Activity(
        15.0, 5.0, np.arange(4) * 5.0, probabilities, probabilities.repeat(50, axis=0), 10.0, np.full(9, 0.5)
    )
    recording = write_tone(tmp_path / "<b>R&B.wav", seconds=15)
    script = """
      say([document.title, all(".name").length, all(".name.active").length, canvas.width > 100]);
      press(" ");
      await until(() => audio.currentTime > 0.1);
      press(" ");
      await until(() => audio.paused);
      click(plot, 0.5);
      await until(() => !audio.seeking);
      say([all(".name.active").map((name) => name.textContent), plot.getAttribute("aria-valuetext")]);
      press("Home");
      await until(() => audio.currentTime === 0);
      say(new DOMMatrix(getComputedStyle(cursor).transform).e);
    """
    page = save_activity(tmp_path / "page.html", recording, activity)
    first, middle, beginning = opened(page, script=script)
    assert first == ["<b>R&B.wav", 9, 0, True]
    assert middle == [["Voice90 %"], "0:07: Voice"] and beginning == 0


def test_stems(opened, tmp_path):
    names = ("mixture", "vocals", NASTY)
    files = {name: write_tone(tmp_path / f"{number}.wav") for number, name in enumerate(names)}
    mixture = files.pop("mixture")
    script = """
      say([document.title, all(".name").map((name) => name.lastChild.textContent)]);
      say(all(".lane img").map((image) => image.naturalWidth));
      const gains = () => tracks.map((track) => +track.gain.gain.value.toFixed(2));
      press(" ");
      await until(() => player.now > 0.3);
      say([gains(), document.getElementById("play").textContent]);
      const cursor = document.querySelector(".cursor");
      await until(() => new DOMMatrix(getComputedStyle(cursor).transform).e > 1);
      click(all("[data-does=solo]")[0]);
      await passed(0.2);
      say([gains(), all(".silent").length]);
      press("1", "Digit1"); press("@", "Digit2"); // as on a keyboard whose 2 is another character
      await passed(0.2);
      say([gains(), all("[aria-pressed=true]").map((button) => button.title)]);
      click(all(".lane")[1], 0.75);
      say(player.now);
      press("End");
      await until(() => !player.playing);
      say(document.getElementById("clock").textContent);
    """
    page = save_stems(tmp_path / "page.html", mixture, files, title=NASTY)
    title, pictures, together, alone, one, there, clock = opened(page, script=script)
    assert title == [NASTY, list(names)] and pictures == [1200] * 3
    assert together == [[0, 1, 1], "Pause"] and alone == [[1, 0, 0], 2]
    assert one == [[0, 1, 0], ["vocals alone"]]
    assert there == pytest.approx(3, abs=0.1) and clock == "0:04 / 0:04"


def test_melodies(opened, tmp_path):
    lyrics = Lyrics((NASTY, "kle", "lit", "x" * 80, "star"), (0, 0, 1, 1, 2), (0, 0, 1, 1, 1), language="en")
    song = Song("song", lyrics, Melody([60, 60, 67, 67, 65], [1, 1, 0.5, 0.5, 4], [0] * 5))
    outputs = {"wav": write_tone(tmp_path / "song.wav"), "sung": write_tone(tmp_path / "song_sung.wav")}
    melody = SimpleNamespace(
        name=NASTY,
        candidate=SimpleNamespace(song=song, key=Key.parse("C")),
        tempo=90.0,
        chords=(),
        outputs=outputs,
    )
    script = """
      say([document.title, all("audio").length, all(".syllable").length]);
      const sounding = () => all(".syllable.sounds").map((syllable) => syllable.textContent);
      press(" ");
      await until(() => sounding().length);
      say([sounding(), all(".score .sounds").map((note) => note.id)]);
      press(" ");
      all(".syllable")[2].click();
      say([sounding(), all("audio")[0].currentTime, all("audio")[0].paused]);
      press(" "); press(" "); press(" "); // a pause before the sound has begun is no error
      press("End");
      await until(() => sounding().includes("star"));
      document.querySelector(".score .note").dispatchEvent(new MouseEvent("click", { bubbles: true }));
      await until(() => sounding().includes(all(".syllable")[0].textContent));
      const [font] = await document.fonts.load("16px Score");
      say(font.status);
    """
    page = write_melodies(tmp_path / "page.html", [melody], title=NASTY)
    first, sounding, clicked, font = opened(page, script=script)
    assert first == [NASTY, 2, 5] and sounding == [[NASTY], ["s0-n0"]]
    assert clicked == [["lit"], pytest.approx(LEAD_IN + 2 * 60 / 90, abs=0.01), False] and font == "loaded"


# ---- the final projects


def test_chorales(opened, tmp_path):
    voices = np.repeat(np.array([(67, 62, 59, 43), (69, 62, 57, 45)], dtype=np.int16), 4, axis=0)
    onsets = np.zeros(voices.shape, dtype=bool)
    onsets[::4] = True
    steps = np.arange(len(voices))
    chorale = Chorale("x", voices, onsets, steps, np.zeros(8, bool), (7, "major"), NASTY, (NASTY, "Gott"))
    outputs = {"wav": write_tone(tmp_path / "song.wav")}
    finished = Finished(NASTY, Candidate(chorale, -0.3, {}), Manner(Metre(), 60.0), outputs)
    script = """
      const sounding = () => all(".score .sounds").map((note) => note.id);
      press(" ");
      await until(() => sounding().length);
      say([document.title, sounding()]);
      press(" ");
      press("ArrowRight");
      say([document.querySelector("audio").currentTime, sounding()]);
    """
    page = write_chorales(tmp_path / "page.html", [finished], title=NASTY)
    first, second = opened(page, script=script)
    assert first == [NASTY, [f"c0-v{voice}-0" for voice in range(4)]]
    assert second == [pytest.approx(CHORALE_LEAD_IN + 1, abs=0.01), [f"c0-v{voice}-4" for voice in range(4)]]


def test_karaoke(opened, tmp_path):
    notes = [Note(60 + number, 0.5 + 0.5 * number, 0.5) for number in range(5)]
    song = one_voice(NASTY, notes, (NASTY, "Glo-", "", "ri-", "a!"), lines=(0, 1, 1, 1, 1))
    script = """
      const sounding = () => all(".syllable.sounds").map((syllable) => syllable.textContent);
      press(" ");
      await until(() => sounding().length);
      say([document.title, sounding(), document.querySelector(".line.now").textContent]);
      press(" ");
      all(".syllable")[1].click();
      say([sounding(), document.querySelector("audio").currentTime]);
      const [glo] = all(".syllable.sounds");
      await until(() => parseInt(glo.style.getPropertyValue("--sung")) > 20);
      say([all(".roll .sounds").length, document.querySelector(".head").getAttribute("x1") > 110]);
      glo.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowUp", bubbles: true }));
      say(document.querySelector("audio").currentTime);
    """
    sung = PageSong("song", song, write_tone(tmp_path / "song.wav"), about=NASTY)
    page = write_karaoke(tmp_path / "page.html", [sung], title=NASTY)
    first, clicked, held, line_above = opened(page, script=script)
    assert first == [NASTY, [NASTY], NASTY] and clicked == [["Glo"], 1]
    assert held == [2, True] and line_above == 0.5


def test_beautified(opened, tmp_path):
    frames = 800  # of 5 ms
    ones = np.ones(frames, dtype=np.float32)
    heard = PitchTrack(440 * ones, 0 * ones, ones, ones)
    correction = Correction(heard, np.full(frames, -1.0), unchanged(frames))
    take = write_tone(tmp_path / "<b>R&B.wav")
    page = save_beautified(
        tmp_path / "page.html", take, take, Decision(correction, [TakeNote(0, 400, 69.0, 68.0, 0)]), 60.0
    )
    script = """
      const heard = () => players.map((player) => !player.paused);
      press(" ");
      await until(() => players[1].currentTime > 0.1);
      say([document.title, heard(), canvas.width > 300]);
      press("b");
      await until(() => players[0].currentTime > 0.2);
      say([heard(), all("[aria-pressed=true]").map((button) => button.id)]);
      press("b"); press(" "); press("b"); press(" ");
      canvas.dispatchEvent(new MouseEvent("click", { clientX: canvas.getBoundingClientRect().left + 80 }));
      say(players[now].currentTime);
      press("End");
      await until(() => clockText.textContent === "0:04.0");
      press("ArrowLeft");
      say(players[now].currentTime);
    """
    first, second, clicked, left = opened(page, script=script)
    assert clicked == pytest.approx(1, abs=0.1) and left == 0
    assert first == ["<b>R&B.wav", [False, True], True] and second == [[True, False], ["before"]]


def test_guitars(opened, tmp_path):
    tones = {name: write_tone(tmp_path / f"{name}.wav") for name in ("wet", "dry")}
    heard = HeardEffects(np.linspace(0, 1, 8), np.full(8, 0.5))
    script = """
      say([document.title, all(".lane img").length, all("tr").length, all("tr.on").length]);
      const gains = () => tracks.map((track) => +track.gain.gain.value.toFixed(2));
      press(" ");
      await until(() => player.now > 0.3);
      say([gains(), document.querySelector(".heard").id]);
      press("x");
      await passed(0.2);
      say([gains(), document.querySelector(".heard").id, player.playing]);
    """
    page = save_ab_page(tmp_path / "page.html", **tones, title=NASTY, about=NASTY, heard=heard)
    title, wet, dry = opened(page, script=script)
    assert title == [NASTY, 2, 8, 4]
    assert wet == [[1, 0], "lane-wet"] and dry == [[0, 1], "lane-dry", True]


# ---- the graders


def test_pages_of_the_graders(opened, tmp_path):
    assignment = assignments()["hw0"]
    items = (
        Item("form", "Form", 10.0, 10.0, NASTY),
        Item("results", "Results", 3.0, 10.0, "`top1` " + "x" * 200),
    )
    grade = Grade("hw0", "r1", "", "1", NASTY, items, {"top1": 0.4, "baseline_majority_top1": 0.2})
    job = Job(tmp_path / f"{NASTY.replace('/', '')}.zip", "", tmp_path, {})
    student = Student("r1", Entry(Graded(job, grade), "r1", None, Lateness(), ()), (), items, ())
    place = Place(1, student, NASTY, (Measure("top1", "top-1 accuracy", "", 0.4, 0.3, 0.5, 0.2),))
    pair = Pair(NASTY, "b", False, 0.5, 60, 120, 130)
    run = Run(NASTY, (1, 2), "b.py", (1, 1), 60)
    none = np.empty(0, np.uint64)
    hand_in = (Code(NASTY, {"x.py": "key"}, [NASTY] * 3), Owned(NASTY, NASTY, none))
    comparison = Comparison((pair,), 1, none, {NASTY: 0})
    texts = ({NASTY: NASTY + "\n" + "x" * 200}, {"b.py": "b"})
    pages = (
        feedback_page(student, assignment, name=NASTY),
        leaderboard_page([place], assignment, data=NASTY),
        index_page(comparison, [hand_in], [], pages=1, about=NASTY),
        pair_page(pair, 1, [Block((run,))], texts),
    )
    paths = [tmp_path / f"{number}.html" for number in range(len(pages))]
    for path, text in zip(paths, pages, strict=True):
        path.write_text(text, encoding="utf-8")
    script = f"say([document.title, document.body.textContent.includes({script_json(NASTY)})]);"
    assert sorted(opened(*paths, script=script)) == [
        [f"{NASTY} and b", True],
        ["Hand-ins that share code", True],
        ["Leaderboard: HW0: musical note classification", True],
        ["r1: HW0: musical note classification", True],
    ]


# ---- the browser itself


BROKEN = {
    "<script>missing();</script>": "missing is not defined",
    "<script>setTimeout(() => null.x, 50);</script>": "Cannot read properties of null",
    "<script>new Audio('data:,').play();</script>": "in promise",
    "<script>const x = ;</script>": "SyntaxError",
    "<img src='http://127.0.0.1:9/x.png'>": "requested: http",
    "<p style='width: 500px'>x</p>": "500 pixels wide",
    "<img src=x onerror=\"console.error('ran')\">": "ran",
}


def test_broken_pages_are_noticed(opened, tmp_path):
    paths = [tmp_path / f"{number}.html" for number in range(len(BROKEN))]
    for path, inside in zip(paths, BROKEN, strict=True):
        path.write_text(f"<!doctype html><html><body style='margin: 0'>{inside}</body></html>")
    with pytest.raises(AssertionError) as caught:
        opened(*paths)
    assert [text for text in BROKEN.values() if text not in str(caught.value)] == []


def test_what_a_script_says(opened, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><html><body><p id='p'>ü \"quoted\" \\ text</p></body></html>")
    assert opened(page, script="say(p.textContent); say([innerWidth]);") == ['ü "quoted" \\ text', [390]]
