"""A real browser for tests: the system's Chromium, if there is one; a script in the page tells what to do."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--mute-audio"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"),
    *("--disable-breakpad", "--enable-logging=stderr", "--v=0"),
    "--autoplay-policy=no-user-gesture-required",  # no real hand is there to click
)
LONGEST = 30.0  # seconds that a page may take
WIDTH, HEIGHT = 390, 844  # CSS pixels: a telephone
# Chromium writes what a page says to its console: [1:1:0101/120000.0:INFO:CONSOLE:7] "text", source: ... (7)
CONSOLE = re.compile(r"CONSOLE[:(]\d+\)?\] \"(.*)")
SAID, DONE = re.compile(r"said (.*)\", source: "), 'done", source: '
# A script of the test's own can run beside the page's only where the page's policy allows it.
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
SCRIPT = """<script>
addEventListener("load", async () => {
  const say = (value) => console.log("said " + JSON.stringify(value));
  const all = (selector) => [...document.querySelectorAll(selector)];
  const passed = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  const until = async (condition) => {
    for (let tries = 0; tries < 500 && !condition(); tries++) await passed(0.02);
    if (!condition()) console.error("never became true: " + condition);
  };
  const press = (key, code = "") => {
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, code, bubbles: true, cancelable: true }));
  };
  const click = (element, share = 0.5) => { // share: of its width, from its left
    const { left, width } = element.getBoundingClientRect();
    element.dispatchEvent(new MouseEvent("click", { clientX: left + share * width, bubbles: true }));
  };
  %s
  await passed(0.2); // for what comes late
  for (const { name } of performance.getEntriesByType("resource")) {
    if (!/^(file|data|blob):/.test(name)) console.error("requested: " + name);
  }
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) console.error(`is ${wide} pixels wide`);
  console.log("done");
});
</script>
"""


class Chromium:
    """Opens pages in frames as wide as a telephone."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program, self.folder, self.calls = program, folder, count()

    def open(self, *pages: Path, script: str = "") -> list:
        """What `script`, JavaScript in each page, gives to say().

        It has all(selector), press(key), click(element, share), await until(condition) and passed(seconds).
        AssertionError if the console holds anything else, such as an error; if something is requested that is
        no file; if a page is wider than the frame; or if there is no end.
        """
        frames = [self.probed(page, script) for page in pages]
        wrapper = pages[0].with_name("frames.html")
        shape = f'width="{WIDTH}" height="{HEIGHT}" allow="autoplay"'
        wrapper.write_text("\n".join(f'<iframe src="./{frame.name}" {shape}></iframe>' for frame in frames))
        said, complaints, left = [], [], len(pages)
        with closing(self.console(wrapper)) as texts:
            while left and (text := next(texts, None)) is not None:
                if found := SAID.match(text):
                    said.append(json.loads(found[1]))
                elif text.startswith(DONE):
                    left -= 1
                else:
                    complaints.append(text)
        assert not complaints, "\n".join(complaints)
        assert not left, f"{left} of {len(pages)} pages came to no end"
        return said

    def probed(self, page: Path, script: str) -> Path:
        """A copy of a page beside it, with `script` at its end."""
        text = POLICY.sub("", page.read_text(encoding="utf-8"))
        copy = page.with_name(f"probed_{next(self.calls)}.html")
        copy.write_text(text.replace("</body>", SCRIPT % script + "</body>"), encoding="utf-8")
        return copy

    def console(self, page: Path) -> Iterator[str]:
        """What is written to the console while a page is open, for LONGEST at most."""
        profile = self.folder / f"profile_{next(self.calls)}"
        process = subprocess.Popen(
            [self.program, *OPTIONS, f"--user-data-dir={profile}", page.as_uri()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        timer = threading.Timer(LONGEST, end, [process])
        timer.start()
        try:
            for line in process.stderr:
                if found := CONSOLE.search(line):
                    yield found[1]
        finally:
            timer.cancel()
            end(process)
            shutil.rmtree(profile, ignore_errors=True)


def end(process: subprocess.Popen) -> None:
    """Kill a browser and all processes that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory) -> Chromium:
    """The system's Chromium. Skips if there is none, or if it cannot open a file of this test."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium is installed")
    folder = tmp_path_factory.mktemp("chromium")
    (folder / "empty.html").write_text("<body></body>")
    browser = Chromium(program, folder)
    try:
        browser.open(folder / "empty.html")
    except AssertionError as error:
        pytest.skip(f"{program} does not open files in {folder}: {error}")
    return browser


@pytest.fixture
def opened(chromium) -> Callable[..., list]:
    """Open pages: `opened(page, script="say(all('.lane').length)")` -> [3]; see `Chromium.open`."""
    return chromium.open
