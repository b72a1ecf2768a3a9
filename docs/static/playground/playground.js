// The page: what a reader points at, slides and types goes to the models, what they say goes onto the page.

import {drawReal, copy, latest, listAnswers, loadSheet, make, save, sayWhatIsUnknown, show, showReal, toPixels} from './pictures.js';

const $ = id => document.getElementById(id);
const percent = share => `${Math.round(100 * share)}%`;
const FINE = 432;                                           // pixels: twice the side of the picture beside the sliders
const SAVED = 360;                                          // pixels: the side of a picture that is saved

const savePng = async (book, code) => show(make('canvas'), await book.draw(await book.decode(code), SAVED)).toBlob(blob => save(blob, 'emoji.png'));
const saveSvg = async (book, code) => save(new Blob([await book.svg(await book.decode(code))], {type: 'image/svg+xml'}), 'emoji.svg');

function setUpMap(book, take) {
  const canvas = $('pg-map'), lens = $('pg-lens'), margin = .025;
  const place = at => margin + at * (1 - 2 * margin), back = at => (at - margin) / (1 - 2 * margin);
  let here = [.5, .5];

  function draw() {
    const size = canvas.clientWidth * devicePixelRatio, each = .9 * size * (1 - 2 * margin) / book.columns, context = canvas.getContext('2d');
    canvas.width = canvas.height = size;
    context.imageSmoothingQuality = 'high';
    book.xy.forEach(([x, y], i) => drawReal(context, book, i, place(x) * size - each / 2, place(y) * size - each / 2, each));
  }

  const look = latest(async ([x, y]) => {
    const decoded = await book.decode(book.codeAt(x, y)), {index, distance} = book.nearest(decoded.image);
    show(lens, await book.draw(decoded));
    $('pg-here').textContent = !lens.checkVisibility({visibilityProperty: true}) ? 'Point at the map, and what lies there is decoded.' :
      `Decoded here; the nearest real emoji is ${book.chars[index]} ${book.names[index]}, ${percent(distance)} away.`;
  });

  function move(x, y) {
    here = [x, y].map(at => Math.min(1.02, Math.max(-.02, at)));
    const width = canvas.clientWidth, [left, top] = here.map(at => place(at) * width), radius = lens.offsetWidth / 2;
    lens.style.transform = `translate(${Math.min(width - 2 * radius, Math.max(0, left - radius))}px, ${top > 2.4 * radius ? top - 2.4 * radius : top + .4 * radius}px)`;
    return look(here);
  }

  const point = event => {
    const box = canvas.getBoundingClientRect();
    return move(back((event.clientX - box.left) / box.width), back((event.clientY - box.top) / box.height));
  };
  canvas.addEventListener('pointermove', point);
  canvas.addEventListener('pointerdown', point);
  const inUse = is => () => { lens.classList.toggle('used', is); if (is) move(...here); };   // elsewhere it would only be in the way
  for (const event of ['pointerenter', 'focus']) canvas.addEventListener(event, inUse(true));
  for (const event of ['pointerleave', 'blur']) canvas.addEventListener(event, inUse(false));
  function takeHere() {
    take(book.codeAt(...here));
    $('pg-here').append(' It is on the sliders below now.');
  }
  canvas.addEventListener('click', takeHere);
  canvas.addEventListener('keydown', event => {
    const step = {ArrowLeft: [-.01, 0], ArrowRight: [.01, 0], ArrowUp: [0, -.01], ArrowDown: [0, .01]}[event.key];
    if (step) move(here[0] + step[0], here[1] + step[1]);
    else if (event.key === 'Enter') takeHere();
    else return;
    event.preventDefault();
  });
  new ResizeObserver(() => { draw(); move(...here); }).observe(canvas);
}

function setUpDesk(book) {
  const canvas = $('pg-picture'), rows = [];
  let code = book.codes[book.chars.indexOf('😀')], playing = 0, rest;

  const paint = latest(async code => {
    const decoded = await book.decode(code), {index, distance} = book.nearest(decoded.image);
    clearTimeout(rest);
    show(canvas, await book.draw(decoded));
    rest = setTimeout(async () => {                         // finer, once nothing moves
      const me = rest, fine = await book.draw(decoded, FINE);
      if (me === rest) show(canvas, fine);
    }, 200);
    showReal($('pg-nearest'), book, index);
    $('pg-nearest-name').textContent = `${book.names[index]} is the nearest, ${percent(distance)} away`;
    canvas.ariaLabel = `The decoded emoji, most like ${book.names[index]}`;
  });

  function set(next, isMorph = false) {
    if (!isMorph) { playing++; $('pg-way').value = 0; }     // whatever was playing stops
    code = Array.from(next);
    for (const {dimension, input, value} of rows) {
      input.value = code[dimension];
      value.textContent = input.ariaValueText = code[dimension].toFixed(2).replace('-', '−');
    }
    return paint(code);
  }

  book.order.forEach((dimension, rank) => {
    const input = make('input', {type: 'range', step: 'any', min: book.low[dimension], max: book.high[dimension]});
    const value = make('span', {ariaHidden: 'true'});
    input.addEventListener('input', () => set(code.with(dimension, Number(input.value))));
    $('pg-sliders').append(make('label', {}, make('span', {className: 'label'}, make('span', {textContent: `${rank + 1}: ${book.kl[dimension].toFixed(1)} nats`}), value), input));
    rows.push({dimension, input, value});
  });

  $('pg-draw').addEventListener('click', () => set(book.sample()));
  $('pg-save').addEventListener('click', () => savePng(book, code));
  $('pg-save-svg').addEventListener('click', () => saveSvg(book, code));

  const labels = book.chars.map((char, i) => `${char} ${book.names[i]}`);
  $('pg-emojis').append(...labels.map(value => make('option', {value})));
  [$('pg-from').value, $('pg-to').value] = ['😀', '😡'].map(char => labels[book.chars.indexOf(char)]);
  const plain = text => text.replace(/\ufe0f/g, '').trim().toLowerCase();
  function find(input) {                                    // by its label, character or name, or a part that only one name has
    const text = plain(input.value), exact = [labels, book.chars, book.names].map(list => list.findIndex(each => plain(each) === text)).find(i => i >= 0);
    const partly = book.names.flatMap((name, i) => text && plain(name).includes(text) ? [i] : []);
    const at = exact ?? (partly.length === 1 ? partly[0] : -1);
    input.setCustomValidity(at >= 0 ? '' : partly.length ? `${partly.length} emojis have this in their name: choose one of the list` : 'No emoji has this name: choose one of the list');
    return at;
  }
  function ends() {
    const found = [$('pg-from'), $('pg-to')].map(find);
    return found.every(at => at >= 0) ? found.map(at => book.codes[at]) : null;
  }
  for (const id of ['pg-from', 'pg-to']) $(id).addEventListener('input', () => find($(id)));
  $('pg-way').addEventListener('input', () => {
    const pair = ends();
    playing++;
    if (pair) set(book.morph(...pair, Number($('pg-way').value)), true); else $('pg-morph').reportValidity();
  });
  $('pg-morph').addEventListener('submit', async event => {
    event.preventDefault();
    const pair = ends(), me = ++playing, start = performance.now();
    if (!pair) { $('pg-morph').reportValidity(); return; }
    for (let t = 0; t < 1 && me === playing;) {
      t = Math.min(1, (await new Promise(requestAnimationFrame) - start) / 2500);
      if (me !== playing) break;
      $('pg-way').value = t;
      await set(book.morph(...pair, Math.max(0, t)), true);
    }
  });
  $('pg-save-morph').addEventListener('click', async () => {
    const pair = ends(), frames = [];
    if (!pair) { $('pg-morph').reportValidity(); return; }
    const {encodeGif} = await import('./gif.js');
    for (let t = 0; t < 1.01; t += .05) {
      frames.push(toPixels(await book.draw(await book.decode(book.morph(...pair, Math.min(1, t))), SAVED / 2)));
    }
    const still = frame => Array(8).fill(frame), back = frames.slice(1, -1).reverse();
    save(encodeGif([...still(frames[0]), ...frames, ...still(frames.at(-1)), ...back], 6), 'morph.gif');
  });
  set(code).then(() => performance.mark('first decode'));
  return set;
}

function setUpAsk(models, pictures, answered, take) {        // pictures: a promise of what `load` gives; answered: called after each answer; take: gives the sliders a code
  let text, inventor, invented, turn = 0;                   // invented: the code of what stands there
  function words() {                                        // fetched when first needed, again if that failed
    if (text) return text;
    const megabytes = bytes => (bytes / 1e6).toFixed(1);
    const progress = (came, all) => {
      $('pg-progress').hidden = false;
      $('pg-progress').value = came / all;
      $('pg-asked').textContent = `Loading the encoder of texts: ${megabytes(came)} of ${megabytes(all)} MB …`;
    };
    text = models.loadText(progress).catch(error => { text = undefined; throw error; });
    text.catch(() => {}).finally(() => {
      $('pg-progress').hidden = true;
      if (!turn) $('pg-asked').textContent = '';
    });
    return text;
  }
  const inventing = async () => inventor ??= models.loadInventor(await pictures).catch(error => { inventor = undefined; throw error; });
  const address = question => `#q=${encodeURIComponent(question)}`;

  async function invent(asked, isOld) {
    $('pg-invented-note').textContent = 'Inventing …';
    $('pg-keep').disabled = true;
    $('pg-invented').getContext('2d').clearRect(0, 0, $('pg-invented').width, $('pg-invented').height);
    const book = await pictures, found = await (await inventing())(asked), decoded = await book.decode(found.code), picture = await book.draw(decoded);
    if (isOld()) return;
    const {index, distance} = book.nearest(decoded.image);
    show($('pg-invented'), picture);
    invented = found.code;
    $('pg-keep').disabled = false;
    $('pg-invented').ariaLabel = `The invented emoji, most like ${book.names[index]}`;
    $('pg-invented-note').textContent = `By its picture alone, its cosine with the text is ${found.score.toFixed(2)}. The nearest real emoji is ${book.chars[index]} ${book.names[index]}, ${percent(distance)} away.`;
  }

  async function answer(question) {
    const me = ++turn, isOld = () => me !== turn;
    $('pg-answers').hidden = true;
    if (!question.trim()) { $('pg-asked').textContent = 'Type a text first.'; answered(); return; }
    const [{ask}, book] = await Promise.all([words(), loadSheet()]);
    if (isOld()) return;
    const asked = ask(question);
    $('pg-asked').textContent = `“${question}” ${sayWhatIsUnknown(question, asked)}`;
    listAnswers($('pg-best'), book, asked.best(5));
    $('pg-answers').hidden = false;
    history.replaceState(null, '', address(question));
    if (!performance.getEntriesByName('first answer').length) performance.mark('first answer');
    answered();
    await invent(asked, isOld).catch(error => { if (!isOld()) $('pg-invented-note').textContent = `None could be invented: ${error.message}.`; });
  }

  const ask = () => {
    const me = turn + 1;
    answer($('pg-text').value).catch(error => {
      answered();
      if (me !== turn) return;
      $('pg-answers').hidden = true;
      $('pg-asked').textContent = `That went wrong: ${error.message}. Ask again.`;
    });
  };
  function askAddress() {                                   // #q=… of a link that someone sent
    const found = location.hash.match(/^#q=(.*)$/s);
    if (!found) return;
    try { $('pg-text').value = decodeURIComponent(found[1]).slice(0, 2000); }
    catch { answered(); return; }                           // half a character, such as %E2
    ask();
  }
  $('pg-ask').addEventListener('submit', event => { event.preventDefault(); ask(); });
  $('pg-text').addEventListener('focus', () => words().catch(() => {}), {once: true});     // asking will say what is wrong
  $('pg-link').addEventListener('click', () => copy($('pg-link'), location.href));
  $('pg-keep-png').addEventListener('click', async () => savePng(await pictures, invented));
  $('pg-keep-svg').addEventListener('click', async () => saveSvg(await pictures, invented));
  $('pg-keep-code').addEventListener('click', () => {
    take(invented);
    $('sixteen-sliders').scrollIntoView();
    $('pg-sliders').querySelector('input').focus({preventScroll: true});
  });
  for (const button of $('pg-examples').children) {
    button.addEventListener('click', () => { $('pg-text').value = button.textContent; ask(); });
  }
  addEventListener('hashchange', askAddress);
  askAddress();
  return {words, inventing};
}

function say(status) {
  $('pg-status').classList.toggle('said', status !== '');
  $('pg-status').textContent = status;
}

function goLive(section) {
  for (const live of document.querySelectorAll(`${section} .live`)) live.hidden = false;
  for (const still of document.querySelectorAll(`${section} .still`)) still.hidden = true;
}

// What draws is 8 MB: it is fetched once the reader moves, types, touches or scrolls, or a link has asked for an answer.
const touched = location.hash.startsWith('#q=') ? Promise.resolve() : new Promise(resolve => {
  for (const event of ['pointermove', 'pointerdown', 'keydown', 'scroll', 'touchstart', 'wheel']) addEventListener(event, resolve, {once: true, passive: true});
});

async function start() {
  if (location.protocol === 'file:') return;                // the page says so itself
  const {missing} = document.querySelector('.playground').dataset;
  const models = await import('./models.js');
  let answered;                                             // a text in the address is answered before the decoder is loaded
  const first = location.hash.startsWith('#q=') ? new Promise(resolve => { answered = resolve; }) : (answered = () => {});
  const pictures = (async () => {
    if (missing) throw new Error(`this site was made without ${missing}`);
    if (typeof WebAssembly === 'undefined') throw new Error('this browser has no WebAssembly');
    await Promise.all([first, touched]);
    say('Loading the decoder …');
    return models.load();
  })();
  pictures.catch(() => {});                                 // awaited below
  let take;                                                 // nothing is invented before it is there
  const asking = setUpAsk(models, pictures, answered, code => take(code));
  goLive('#ask-section');
  const book = await pictures;
  goLive('.playground');
  take = setUpDesk(book);
  setUpMap(book, take);
  say('');
  window.playground = {...book, ...asking, take};                // to play with in the console, and for the tests
}

start().catch(error => say(`The playground cannot draw: ${error.message}. Here are pictures of it.`));
