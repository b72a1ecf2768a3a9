// Emojis on canvases: the real ones from their sheet, and those that the decoder gives. All drawing of the site is here.

export const SIDE = 36;
const url = name => new URL(name, import.meta.url);

export const make = (tag, attributes = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), attributes);
  element.append(...children);                              // strings become text, never HTML
  return element;
};

export function latest(work) {                              // runs `work` with the newest argument only, one at a time
  let waiting, running = false;
  return async argument => {
    waiting = [argument];
    if (running) return;
    running = true;
    try { while (waiting) { const [next] = waiting; waiting = null; await work(next); } }
    finally { running = false; }
  };
}

export async function get(name) {
  const response = await fetch(url(name));
  if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
  return response;
}

let sheet;
export const loadSheet = () => sheet ??= Promise.all([get('emojis.json').then(response => response.json()), get('emojis.webp').then(response => response.blob()).then(createImageBitmap)])
  .then(([known, picture]) => ({...known, sheet: picture, columns: picture.width / SIDE}))
  .catch(error => { sheet = undefined; throw error; });     // fetched again when next needed

export function drawReal(context, book, index, x, y, size) { // one of the 872
  context.drawImage(book.sheet, index % book.columns * SIDE, Math.floor(index / book.columns) * SIDE, SIDE, SIDE, x, y, size, size);
}

export function showReal(canvas, book, index) {
  canvas.width = canvas.height = 2 * SIDE;
  drawReal(canvas.getContext('2d'), book, index, 0, 0, canvas.width);
  return canvas;
}

export function toPixels(picture) {                         // size·size·4 in [0, 1], straight alpha
  const size = Math.sqrt(picture.length / 4);
  const pixels = new ImageData(size, size);
  for (let i = 0; i < picture.length; i++) pixels.data[i] = 255 * picture[i];   // which rounds and clips
  return pixels;
}

export function show(canvas, picture) {
  const pixels = toPixels(picture);
  canvas.width = canvas.height = pixels.width;
  canvas.getContext('2d').putImageData(pixels, 0, 0);
  return canvas;
}

export function save(blob, name) {
  const link = make('a', {href: URL.createObjectURL(blob), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export async function copy(button, text) {                  // to the clipboard, and say so for a second
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'copied';
  } catch { button.textContent = 'not allowed'; }           // the browser's or the reader's decision
  setTimeout(() => { button.textContent = label; }, 1200);
}

export function listAnswers(list, book, answers) {          // each emoji with its name, and a button that copies it
  list.replaceChildren(...answers.map(({index, score}) => {
    const button = make('button', {type: 'button', className: 'copy', textContent: 'copy', ariaLabel: `copy ${book.names[index]}`});
    button.addEventListener('click', () => copy(button, book.chars[index]));
    return make('li', {title: `score ${score.toFixed(2)}`}, showReal(make('canvas', {ariaHidden: 'true'}), book, index), make('span', {className: 'name', textContent: book.names[index]}), button);
  }));
}

export function sayWhatIsUnknown(question, {isUnderstood, unknown}) { // '' where every word is known
  const words = unknown.slice(0, 3).map(word => `“${word.slice(0, 30)}”`).join(', ');
  if (isUnderstood) return words && `It does not know ${words}.`;
  return `${words ? `It does not know ${words}` : `“${question}” has no word that it knows`}: these answers are guesses.`;
}
