"""The scripts that pages share, run without a browser: what they need of one stands in for it."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from common.pages import shared_part

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="no JavaScript engine is installed")

# Time passes where a test says so; a sound lasts until it is stopped; a gain reaches at once where it goes.
BROWSER = """
globalThis.sounding = [];
globalThis.requestAnimationFrame = () => {};
globalThis.AudioContext = class {
  static time = 10;
  get currentTime() { return AudioContext.time; }
  resume() {}
  async decodeAudioData(bytes) { return new TextDecoder().decode(bytes); }
  createGain() {
    const gain = { value: null, setTargetAtTime(value) { gain.value = value; } };
    return { gain, connect() {} };
  }
  createBufferSource() {
    const source = { connect() {}, start(...when) { sounding.push({ source, when }); },
      stop() { sounding = sounding.filter((other) => other.source !== source); } };
    return source;
  }
};
globalThis.document = { addEventListener(kind, listener) { this[kind] = listener; } };
const heard = () => sounding.map(({ source, when: [time, at] }) => [source.buffer, +time.toFixed(3), at]);
"""


@pytest.fixture
def told():
    """What a script says with say(), as JSON, after the parts of these names: `told("say(1)", "page.js")`."""

    def run(script: str, *parts: str) -> list:
        texts = [
            BROWSER,
            "const say = (value) => console.log(JSON.stringify(value));",
            *map(shared_part, parts),
        ]
        text = "\n".join([*texts, f"(async () => {{ {script} }})();"])
        done = subprocess.run(
            ["node", "-"], input=text, capture_output=True, text=True, check=True, timeout=30
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def test_clock(told):
    [texts] = told("say([0, 0.4, 59.99, 60, 3725].map(clock))", "page.js")
    assert texts == ["0:00", "0:00", "0:59", "1:00", "1:02:05"]


def test_a_key_acts_unless_it_is_the_browsers_and_once_while_it_is_held(told):
    script = """
      let acted = 0, kept = 0;
      onKeys((event) => (event.key === "x" ? () => { acted += 1; } : null), { repeated: false });
      const press = (event) => document.keydown({ ...event, preventDefault() { kept += 1; } });
      press({ key: "x" }); press({ key: "x", repeat: true });
      press({ key: "x", ctrlKey: true }); press({ key: "y" });
      say([acted, kept]);
    """
    assert told(script, "page.js") == [[1, 2]]


def test_a_sound_that_is_paused_before_it_begins_is_no_error(told):
    script = (
        """startSound({ async play() { throw new Error("interrupted by a call to pause()"); } }); say(1);"""
    )
    assert told(script, "page.js") == [
        1
    ]  # node ends with an error where a promise is rejected and nobody cares


def test_tracks_start_together_and_go_where_they_are_sent(told):
    script = """
      const tracks = [{ sound: "data:;base64,YQ==" }, { sound: "data:;base64,Yg==" }];
      const player = new TrackPlayer(tracks, 60, (track) => (track === tracks[1] ? 0.5 : 0));
      player.seek(5); say(heard());
      await player.play(); say(heard()); say(tracks.map((track) => track.gain.gain.value));
      AudioContext.time += 2.05; say(player.now);
      player.seek(player.now + 5); say(heard());
      player.pause(); say([heard(), player.now, player.playing]);
      await player.play(); sounding[0].source.onended(); say([heard(), player.now, player.playing]);
      await player.play(); say(heard());
    """
    before, started, levels, now, sent, paused, ended, again = told(script, "page.js", "track_player.js")
    assert before == [] and started == [["a", 10.05, 5], ["b", 10.05, 5]] and levels == [0, 0.5]
    assert now == pytest.approx(7) and sent == [["a", 12.1, 12], ["b", 12.1, 12]]
    assert paused == [[], 12, False] and ended == [[], 60, False]
    assert again == [["a", 12.1, 0], ["b", 12.1, 0]]  # from the beginning


def test_a_sound_that_cannot_be_decoded_is_told(told):
    script = """
      AudioContext.prototype.decodeAudioData = async () => { throw new Error("no mp3"); };
      const player = new TrackPlayer([{ sound: "data:;base64," }], 60, () => 1);
      await player.play(); say([player.error, player.playing, player.loading]);
    """
    assert told(script, "page.js", "track_player.js") == [["no mp3", False, False]]


def test_what_sounds_is_the_last_that_has_begun_if_it_still_sounds(told):
    script = """
      const music = Object.create(FollowedMusic.prototype);
      Object.assign(music, { starts: [1, 2, 4], ends: [2, 3, 5] });
      say([0, 0.9995, 1, 1.9995, 2.5, 3, 3.5, 4, 4.999, 5, 9].map((seconds) => music.at(seconds)));
    """
    [places] = told(script, "page.js", "followed_music.js")
    assert places == [-1, 0, 0, 1, 1, -1, -1, 2, 2, -1, -1]
