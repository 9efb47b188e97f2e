// A song whose words are followed, too: in each place a syllable sounds, a button in the text (followed_music.js).
class FollowedWords extends FollowedMusic {
  constructor(section, song) {
    super(section, song);
    this.syllables = [...section.querySelectorAll(".syllable")];
    this.syllables.forEach((syllable, place) => syllable.addEventListener("click", () => this.playFrom(place)));
    if (this.syllables.length) this.syllables[0].tabIndex = 0; // one of them is reached by tab, others by arrows
  }

  elements(place) {
    return place < 0 ? [] : [this.syllables[place], ...super.elements(place)];
  }

  light(place) {
    this.syllables[this.lit]?.removeAttribute("aria-current");
    this.syllables[place]?.setAttribute("aria-current", "true");
    super.light(place);
  }

  reveal(place) {
    keepInView([this.syllables[place]], this.section.querySelector(".lyrics"));
    super.reveal(place);
  }

  point(place) {
    this.syllables[this.place].tabIndex = -1;
    this.syllables[place].tabIndex = 0;
    super.point(place);
  }

  step(by) {
    super.step(by);
    if (document.activeElement?.classList.contains("syllable")) this.syllables[this.place].focus();
  }
}
