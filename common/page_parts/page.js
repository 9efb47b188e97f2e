// What the scripts of all pages use.

function pageData() {
  return JSON.parse(document.getElementById("data").textContent);
}

function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

// Such as 3:05, or 1:02:03.
function clock(seconds) {
  const whole = Math.floor(seconds + 1e-6), two = (number) => String(number).padStart(2, "0");
  const [hour, minute, second] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hour ? `${hour}:${two(minute)}:${two(second)}` : `${minute}:${two(second)}`;
}

// What a data: address holds.
function bytesOf(address) {
  const text = atob(address.slice(address.indexOf(",") + 1)), bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes.buffer;
}

// What an audio element plays. In a blob, unlike in data, all browsers seek.
function soundAddress(address) {
  if (!address.startsWith("data:")) return address; // a file beside the page
  return URL.createObjectURL(new Blob([bytesOf(address)], { type: "audio/mpeg" }));
}

// Plays an audio element. Its events tell what comes of that, such as a pause before it has begun.
function startSound(audio) {
  audio.play().catch(() => {});
}

// actionOf(event): what a key does, or nothing. Not `repeated`: it does so once, however long it is held.
function onKeys(actionOf, { repeated = true } = {}) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return; // the browser's
    const act = actionOf(event);
    if (!act) return;
    if (repeated || !event.repeat) act();
    event.preventDefault();
  });
}
