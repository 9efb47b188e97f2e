// Music that is followed while it plays: the notes that sound are lit up, and a click on one plays from there.

let current = null; // the music that keys act on

class FollowedMusic {
  // section: its element. Between starts[place] and ends[place], in seconds, notes[place] sound: elements of a
  // score. sounds: the name and the address of what each player plays.
  constructor(section, { starts, ends, notes, sounds }) {
    Object.assign(this, { section, starts, ends, notes, lit: -1, place: 0 });
    this.player = sounds.map((sound) => this.addPlayer(sound))[0] ?? null; // the one that was used last
    const first = new Map(); // of each note, the place where it begins
    notes.forEach((elements, place) => elements.forEach((note) => {
      if (!first.has(note)) first.set(note, place);
    }));
    first.forEach((place, note) => note.addEventListener("click", () => this.playFrom(place)));
    for (const event of ["focusin", "pointerdown"]) section.addEventListener(event, () => { current = this; });
  }

  addPlayer({ name, sound }) {
    const label = element("label", "player"), audio = document.createElement("audio");
    Object.assign(audio, { controls: true, preload: "metadata", src: soundAddress(sound) });
    const title = this.section.querySelector("h2").textContent;
    audio.setAttribute("aria-label", name ? `${name}: ${title}` : title);
    for (const event of ["timeupdate", "seeking", "seeked", "pause", "ended"]) {
      audio.addEventListener(event, () => { if (this.player === audio) this.follow(); });
    }
    audio.addEventListener("play", () => this.playOnly(audio));
    audio.addEventListener("error", () => label.append(element("span", "failed", "cannot be played")), { once: true });
    label.append(element("span", "", name), audio);
    this.section.querySelector(".players").append(label);
    return audio;
  }

  playOnly(audio) {
    for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
    this.player = audio;
    current = this;
    requestAnimationFrame(() => this.animate());
  }

  // The place at a time: the last that has begun, if it still sounds; else -1.
  at(seconds) {
    let low = 0, high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.starts[middle] <= seconds + 1e-3) low = middle + 1; // a seek may end just before
      else high = middle;
    }
    return low && seconds < this.ends[low - 1] ? low - 1 : -1;
  }

  follow() {
    this.light(this.at(this.player.currentTime));
  }

  animate() {
    this.follow();
    if (!this.player.paused) requestAnimationFrame(() => this.animate());
  }

  light(place) {
    if (place === this.lit) return;
    for (const one of this.elements(this.lit)) one.classList.remove("sounds");
    for (const one of this.elements(place)) one.classList.add("sounds");
    this.lit = place;
    if (place < 0) return;
    this.point(place);
    this.reveal(place);
  }

  // What is lit up at a place.
  elements(place) {
    return this.notes[place] ?? [];
  }

  reveal(place) {
    keepInView(this.notes[place], this.section.querySelector(".score"));
  }

  // Sets the place that keys start from.
  point(place) {
    this.place = place;
  }

  seek(place) {
    this.point(place);
    if (this.player) this.player.currentTime = this.starts[place];
    this.light(place);
  }

  playFrom(place) {
    current = this;
    this.seek(place);
    if (this.player) startSound(this.player);
  }

  step(by) {
    this.seek(Math.min(Math.max(this.place + by, 0), this.starts.length - 1));
  }

  toggle() {
    if (this.player?.paused) startSound(this.player);
    else this.player?.pause();
  }

  // What a key does, or nothing.
  actionOf({ key, target }) {
    if (key === " ") return target.tagName === "A" ? null : () => this.toggle();
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    return key in steps ? () => this.step(steps[key]) : null;
  }
}

// Scrolls a box to what is in it, never the page.
function keepInView(elements, box) {
  if (!elements.length) return;
  const inner = elements.map((element) => element.getBoundingClientRect()), outer = box.getBoundingClientRect();
  const top = Math.min(...inner.map((one) => one.top)), bottom = Math.max(...inner.map((one) => one.bottom));
  const left = Math.min(...inner.map((one) => one.left)), right = Math.max(...inner.map((one) => one.right));
  const room = Math.max(0, Math.min(80, (outer.height - (bottom - top)) / 2));
  if (top < outer.top + room / 4) box.scrollTop += top - outer.top - room;
  else if (bottom > outer.bottom - room / 4) box.scrollTop += bottom - outer.bottom + room;
  if (left < outer.left || right > outer.right) box.scrollLeft += left - outer.left - outer.width / 4;
}

function elementsOf(ids) {
  return ids.map((id) => document.getElementById(id)).filter(Boolean);
}

// make(section, entry): the FollowedMusic of a section of the page and of its entry in the data.
function followAll(make) {
  const sections = document.querySelectorAll("main > section");
  const pieces = pageData().map((entry, number) => make(sections[number], entry));
  current = pieces[0] ?? null;
  onKeys((event) => (event.target.tagName === "AUDIO" ? null : current?.actionOf(event)));
}
