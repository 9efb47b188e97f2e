// Plays tracks in time with each other: one clock for all; each is a source that starts at the same moment,
// through a gain of its own. Which of them is heard is a matter of the gains.
//
// Events: "change" when what it does has changed, "frame" at each picture while it plays.
class TrackPlayer extends EventTarget {
  // tracks: each with its `sound`, a data: address. levelOf(track): the gain that it should have now.
  constructor(tracks, duration, levelOf) {
    super();
    Object.assign(this, { tracks, duration, levelOf });
    this.context = this.ready = null; // made at the first click: browsers allow no sound before
    this.position = this.startedAt = 0; // in seconds of the tracks; when it was there, by the context's clock
    this.sources = [];
    this.playing = false;
    this.error = "";
  }

  get loading() {
    return this.playing && !this.sources.length;
  }

  get now() {
    const moved = this.sources.length ? Math.max(0, this.context.currentTime - this.startedAt) : 0;
    return Math.min(this.duration, this.position + moved);
  }

  // To be called when levelOf answers otherwise, too.
  update() {
    for (const track of this.tracks) {
      // A gain that leaps would click.
      track.gain?.gain.setTargetAtTime(this.levelOf(track), this.context.currentTime, 0.01);
    }
    this.dispatchEvent(new Event("change"));
  }

  async play() {
    if (this.playing) return;
    this.playing = true;
    this.update();
    try {
      this.context ??= new AudioContext();
      this.context.resume();
      await (this.ready ??= this.prepare());
    } catch (error) {
      this.playing = false;
      this.error = error.message;
    }
    if (this.playing) {
      if (this.position >= this.duration) this.position = 0;
      this.startSources();
      requestAnimationFrame(() => this.animate());
    }
    this.update();
  }

  async prepare() {
    for (const track of this.tracks) {
      track.buffer = await this.context.decodeAudioData(bytesOf(track.sound));
      track.gain = this.context.createGain();
      track.gain.gain.value = 0;
      track.gain.connect(this.context.destination);
    }
  }

  startSources() {
    this.startedAt = this.context.currentTime + 0.05;
    this.sources = this.tracks.map((track) => {
      const source = this.context.createBufferSource();
      source.buffer = track.buffer;
      source.connect(track.gain);
      source.start(this.startedAt, this.position);
      return source;
    });
    this.sources[0].onended = () => { this.pause(); this.seek(this.duration); };
  }

  stopSources() {
    for (const source of this.sources) {
      source.onended = null;
      source.stop();
    }
    this.sources = [];
  }

  pause() {
    this.position = this.now;
    this.playing = false;
    this.stopSources();
    this.update();
  }

  toggle() {
    if (!this.playing) this.play();
    else if (!this.loading) this.pause();
  }

  seek(seconds) {
    const there = Math.min(Math.max(0, seconds), this.duration), sounding = this.sources.length > 0;
    if (sounding) this.stopSources();
    this.position = there;
    if (sounding && there < this.duration) this.startSources();
    else if (sounding) this.playing = false;
    this.update();
  }

  animate() {
    this.dispatchEvent(new Event("frame"));
    if (this.playing) requestAnimationFrame(() => this.animate());
  }
}
