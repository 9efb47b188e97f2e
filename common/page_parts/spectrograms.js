// What is seen of a TrackPlayer: the play button, the clock, and a spectrogram for each track with a cursor over
// it. The page has elements #play, #clock, #failed, #scale, and main for the spectrograms.
class Spectrograms {
  // start: seconds, of the recording, at which the tracks begin. The pictures: from the lowest of the frequencies
  // to the highest, on a logarithmic scale; their shades a range of levels, in dB.
  constructor(player, { start, frequencies: [lowest, highest], range }) {
    Object.assign(this, { player, start, lowest, highest, lanes: [] });
    [this.playButton, this.clockText, this.failed] =
      ["play", "clock", "failed"].map((id) => document.getElementById(id));
    this.playButton.addEventListener("click", () => player.toggle());
    player.addEventListener("change", () => this.show());
    player.addEventListener("frame", () => this.follow());
    new ResizeObserver(() => this.follow()).observe(document.querySelector("main"));
    document.getElementById("scale").textContent =
      `Pictures: ${lowest} Hz to ${highest / 1000} kHz, on a logarithmic scale; ${range} dB from dark to bright,` +
      " the same for all.";
  }

  laneOf(track, alt) {
    const lane = element("div", "lane"), image = document.createElement("img"), cursor = element("div", "cursor");
    Object.assign(image, { src: track.picture, alt });
    lane.append(image, ...this.frequencyLabels(), cursor);
    lane.addEventListener("click", (event) => {
      const box = lane.getBoundingClientRect();
      this.player.seek(((event.clientX - box.left) / box.width) * this.player.duration);
    });
    this.lanes.push({ lane, cursor });
    return lane;
  }

  frequencyLabels() {
    return [[100, "100 Hz"], [1000, "1 kHz"], [10000, "10 kHz"]].map(([hertz, text]) => {
      const label = element("span", "hertz", text);
      label.style.bottom = `${(100 * Math.log(hertz / this.lowest)) / Math.log(this.highest / this.lowest)}%`;
      return label;
    });
  }

  show() {
    const { playing, loading, error } = this.player;
    this.playButton.textContent = loading ? "Loading …" : playing ? "Pause" : "Play";
    this.failed.textContent = error && `This browser cannot play the page (${error}).`;
    this.follow();
  }

  follow() {
    const seconds = this.player.now, duration = this.player.duration;
    this.clockText.textContent = `${clock(this.start + seconds)} / ${clock(this.start + duration)}`;
    for (const { lane, cursor } of this.lanes) {
      cursor.style.transform = `translateX(${(seconds / duration) * lane.clientWidth}px)`;
    }
  }

  // What a key does, or nothing where it is a button's or a slider's own.
  actionOf({ key, target }) {
    const { player } = this;
    if (key === " ") return target.tagName === "BUTTON" ? null : () => player.toggle();
    const places = { ArrowLeft: player.now - 5, ArrowRight: player.now + 5, Home: 0, End: player.duration };
    return key in places && target.type !== "range" ? () => player.seek(places[key]) : null;
  }
}
