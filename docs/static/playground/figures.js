// Figures that move: below a figure of a chapter, sliders that draw its like anew, with the playground's models.

import {latest, make, show} from './pictures.js';

const SIZE = 108;                                           // pixels of each picture
const number = value => value.toFixed(2).replace('-', '−');

function slider(place, name, [low, high, start], changed) { // a labelled slider; gives what it says now
  const value = make('span', {ariaHidden: 'true'}), input = make('input', {type: 'range', step: 'any', min: low, max: high, value: start});
  const say = () => { value.textContent = input.ariaValueText = number(Number(input.value)); };
  input.addEventListener('input', () => { say(); changed(); });
  say();
  place.firstChild.append(make('label', {}, make('span', {className: 'label'}, make('span', {textContent: name}), value), input));
  return () => Number(input.value);
}

function pictures(place, names) {                           // a row of canvases with their names below; gives the canvases
  const row = make('div', {className: 'row'});
  place.append(row);
  return names.map(name => {
    const canvas = make('canvas', {className: 'picture', width: SIZE, height: SIZE, role: 'img', ariaLabel: name});
    row.append(make('figure', {}, canvas, make('figcaption', {className: 'note', textContent: name})));
    return canvas;
  });
}

const codes = {                                             // the article's three planes
  A: (x, y) => Array.from({length: 16}, (_, k) => k < 8 ? x : y),
  B: (x, y) => Array.from({length: 16}, (_, k) => k % 2 ? y : x),
  C: (x, y) => Array.from({length: 16}, (_, k) => k % 4 < 2 ? x : y),
};

function drawGrey(canvas, mask, side) {                     // a mask of side·side shares in [0, 1], dark where the colour is
  const pixels = new ImageData(side, side);
  mask.forEach((share, i) => pixels.data.set([0, 0, 0, 255 * share], 4 * i));
  canvas.width = canvas.height = side;
  canvas.getContext('2d').putImageData(pixels, 0, 0);
}

function takeApart({masks, palette}) {                      // each colour with its mask, the largest first
  const k = palette.length, all = masks.data, n = all.length / k, parts = palette.map(colour => ({colour, mask: new Float32Array(n), share: 0}));
  for (let i = 0; i < n; i++) {
    const logits = all.subarray(i * k, i * k + k), top = Math.max(...logits), powers = Array.from(logits, x => Math.exp(x - top)), sum = powers.reduce((a, b) => a + b);
    powers.forEach((power, c) => { parts[c].mask[i] = power / sum; parts[c].share += power / sum / n; });
  }
  return parts.sort((a, b) => b.share - a.share);
}

const kinds = {
  planes(place, book) {
    const draw = latest(async () => {
      for (const [i, code] of Object.values(codes).entries()) show(canvases[i], await book.draw(await book.decode(code(x(), y())), SIZE));
    });
    const [x, y] = ['x', 'y'].map(name => slider(place, name, [-2, 2, name === 'x' ? -1 : 1], () => draw()));
    const canvases = pictures(place, ['A', 'B', 'C']);
    return draw();
  },

  scan(place, book) {
    const chance = Array.from({length: 6}, () => Array.from({length: 16}, book.normal));
    const draw = latest(async () => {
      for (const [i, epsilon] of chance.entries()) show(canvases[i], await book.draw(await book.decode(epsilon.map(e => mu() + sigma() * e)), SIZE));
    });
    const mu = slider(place, 'μ', [-3, 3, 0], () => draw()), sigma = slider(place, 'σ', [0, 3, .5], () => draw());
    const canvases = pictures(place, chance.map((_, i) => `draw ${i + 1}`));
    return draw();
  },

  palette(place, book) {
    const draw = latest(async () => {
      const decoded = await book.decode(book.codes[choice.value]);
      takeApart(decoded).slice(0, 6).forEach(({colour, mask, share}, i) => {
        const [r, g, b, alpha] = colour, canvas = canvases[i];
        drawGrey(canvas, mask, Math.sqrt(mask.length));
        canvas.style.borderBottom = `12px solid rgb(${[r, g, b].map(x => 255 * x).join(' ')} / ${alpha})`;
        canvas.nextSibling.textContent = `${Math.round(100 * share)}%`;
      });
      for (const canvas of canvases.slice(6)) canvas.style.borderBottom = '12px solid transparent';
      show(canvases[6], decoded.image);
      show(canvases[7], await book.draw(decoded, SIZE));
    });
    const choice = make('select', {}, ...book.names.map((name, value) => make('option', {value, textContent: `${book.chars[value]} ${name}`})));
    choice.value = book.chars.indexOf('😡');
    choice.addEventListener('change', () => draw());
    place.firstChild.append(make('label', {}, make('span', {className: 'label', textContent: 'emoji'}), choice));
    const canvases = pictures(place, [...Array.from({length: 6}, (_, i) => `mask ${i + 1}`), 'decoded', 'rendered']);
    return draw();
  },

  sharpness(place, book) {
    const chars = ['😀', '😡', '🐱', '🍎', '🚗'], decoded = chars.map(char => book.decode(book.codes[book.chars.indexOf(char)]));
    const draw = latest(async () => {
      for (const [i, each] of decoded.entries()) show(canvases[i], await book.draw(await each, SIZE, 10 ** power()));
    });
    const power = slider(place, 'log₁₀ of the temperature', [-2, 1, -.875], () => draw());
    const canvases = pictures(place, chars);
    return draw();
  },
};

let book;                                                   // for all figures of a page, fetched when the first shall move
const loadBook = () => book ??= import('./models.js').then(async ({load, normal}) => ({...await load(), normal})).catch(error => { book = undefined; throw error; });

for (const place of document.querySelectorAll('.moving')) {
  const button = make('button', {type: 'button', textContent: 'Move it yourself', title: 'Loads what draws: some 8 MB'});
  const note = make('span', {className: 'note', role: 'status'});
  button.addEventListener('click', async () => {
    button.disabled = true;
    note.textContent = 'Loading the decoder …';
    try {
      const loaded = await loadBook();
      place.replaceChildren(make('div', {className: 'sliders'}));
      await kinds[place.dataset.kind](place, loaded);
      place.classList.add('moves');
    } catch (error) {
      note.textContent = `It cannot move here: ${error.message}.`;
      button.disabled = false;
      place.replaceChildren(button, note);
    }
  });
  if (location.protocol !== 'file:') place.append(button, note);   // modules and models come from a server
}
