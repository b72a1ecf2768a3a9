// The models of the book in the browser: what each function gives equals what the package gives, but for rounding.

import {SIDE, get, loadSheet} from './pictures.js';
import {isBlank, makeReader} from './text.js';

const PIXELS = SIDE * SIDE, LATENT_DIM = 16;

async function getPacked(name, progress = () => {}) {       // some servers unpack .gz files themselves
  const response = await get(name), reader = response.body.getReader(), parts = [];
  const all = Number(response.headers.get('content-length'));
  for (let part, came = 0; !(part = await reader.read()).done;) {
    parts.push(part.value);
    came += part.value.length;
    progress(came, Math.max(all, came));
  }
  const blob = new Blob(parts), [a, b] = new Uint8Array(await blob.slice(0, 2).arrayBuffer());
  return new Response(a === 0x1f && b === 0x8b ? blob.stream().pipeThrough(new DecompressionStream('gzip')) : blob).arrayBuffer();
}

let ort, runtime;                                           // pictures need it, answers do not
const loadRuntime = () => runtime ??= Promise.all([import('./ort.mjs'), getPacked('ort.wasm.gz')]).then(([module, bytes]) => {
  ort = module;
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = bytes;
});

async function loadGraph(name) {
  const [bytes] = await Promise.all([getPacked(`${name}.onnx.gz`), loadRuntime()]);
  return ort.InferenceSession.create(bytes, {executionProviders: ['wasm']});
}

function readPictures({sheet, columns, chars}) {            // each emoji on white, in [0, 1]
  const canvas = new OffscreenCanvas(sheet.width, sheet.height);
  const context = canvas.getContext('2d', {willReadFrequently: true});
  context.fillStyle = '#fff';
  context.fillRect(0, 0, sheet.width, sheet.height);
  context.drawImage(sheet, 0, 0);
  const pictures = [];
  for (let i = 0; i < chars.length; i++) {
    const {data} = context.getImageData(i % columns * SIDE, Math.floor(i / columns) * SIDE, SIDE, SIDE);
    pictures.push(Float32Array.from({length: 3 * PIXELS}, (_, k) => data[4 * Math.floor(k / 3) + k % 3] / 255));
  }
  return pictures;
}

function highest(scores, k) {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b).slice(0, k);
  return order.map(index => ({index, score: scores[index]}));
}

export const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

function enlarge(size, sigma) {                             // the share of each of 36 rows in each of `size`: a Gaussian blur, then cubic interpolation
  const rows = Array.from({length: SIDE}, (_, i) => i), divide = row => { const all = row.reduce((a, b) => a + b); return row.map(x => x / all); };
  const blur = rows.map(i => divide(rows.map(j => Math.exp(-(((i - j) / sigma) ** 2) / 2))));
  const cubic = d => d < 1 ? (1.5 * d - 2.5) * d * d + 1 : d < 2 ? ((2.5 - .5 * d) * d - 4) * d + 2 : 0;
  return Array.from({length: size}, (_, y) => {
    const weights = rows.map(i => cubic(Math.abs((y + .5) * SIDE / size - .5 - i)));
    return divide(rows.map(j => weights.reduce((sum, weight, i) => sum + weight * blur[i][j], 0)));
  });
}

export async function load() {
  const [book, data, decoder, painter] = await Promise.all([loadSheet(), get('map.json').then(response => response.json()), loadGraph('decoder'), loadGraph('painter')]);
  const {codes, xy} = data, pictures = readPictures(book);
  let busy = Promise.resolve();                             // a session runs one thing at a time
  const run = (session, ...asked) => busy = busy.catch(() => {}).then(() => session.run(...asked));

  async function decode(code) {                             // 16 numbers to masks, a palette, and a picture of 36·36·4 in [0, 1]
    if (code.length !== LATENT_DIM || !code.every(Number.isFinite)) throw new RangeError(`a code is ${LATENT_DIM} finite numbers`);
    const result = await run(decoder, {[decoder.inputNames[0]]: new ort.Tensor('float32', Float32Array.from(code), [1, LATENT_DIM])});
    const [masks, colours, picture] = decoder.outputNames.map(name => result[name]);
    const palette = Array.from({length: colours.dims[1]}, (_, c) => Array.from(colours.data.slice(4 * c, 4 * c + 4)));
    for (const colour of palette) colour[3] = Math.min(1, Math.max(0, 2 * colour[3] - .5));    // nearly transparent or opaque becomes so
    return {masks, palette, image: picture.data};
  }

  const enlarging = new Map();
  async function paint({masks, palette}, size, output, temperature = 14.4 / size) {   // of the softmax: .1 at 144 pixels
    if (!enlarging.has(size)) enlarging.set(size, enlarge(size, data.blur).flat());
    const factor = Math.sqrt(1 / temperature), rows = Float32Array.from(enlarging.get(size), x => factor * x);   // applied twice
    const premultiplied = palette.flatMap(([r, g, b, alpha]) => [r * alpha, g * alpha, b * alpha, alpha]);
    const feeds = {enlarging: new ort.Tensor('float32', rows, [size, SIDE]), masks, palette: new ort.Tensor('float32', Float32Array.from(premultiplied), [palette.length, 4])};
    return (await run(painter, feeds, [output]))[output].data;
  }

  async function draw(decoded, size = 144, temperature) {   // what `decode` gave, with sharp borders: size·size·4 in [0, 1], for a size of 72 or more
    const picture = await paint(decoded, size, 'picture', temperature);
    for (let i = 0; i < picture.length; i += 4) for (let k = 0; k < 3; k++) picture[i + k] /= Math.max(picture[i + 3], 1e-6);
    return picture;
  }
  async function svg(decoded) {
    const {GRID, trace} = await import('./trace.js');
    return trace(await paint(decoded, GRID, 'fields'), decoded.palette, data.least);
  }

  function nearest(image) {                                 // the real emoji that looks most like it, and how far it is
    const paper = Float32Array.from({length: 3 * PIXELS}, (_, k) => {
      const pixel = 4 * Math.floor(k / 3), alpha = image[pixel + 3];
      return alpha * image[pixel + k % 3] + 1 - alpha;
    });
    let index = -1, least = Infinity;
    pictures.forEach((picture, i) => {
      let sum = 0;
      for (let k = 0; k < paper.length && sum < least; k++) sum += (paper[k] - picture[k]) ** 2;
      if (sum < least) { least = sum; index = i; }
    });
    return {index, distance: Math.sqrt(least / paper.length)};
  }

  function codeAt(x, y) {                                   // a place on the map to the code there
    const squares = xy.map(([u, v]) => (u - x) ** 2 + (v - y) ** 2);
    const near = highest(squares.map(d => -d), data.neighbours).map(({index}) => index);
    const weights = near.map(i => 1 / (squares[i] + 1e-9) ** (data.power / 2)), total = weights.reduce((a, b) => a + b);
    return Array.from({length: LATENT_DIM}, (_, k) => near.reduce((sum, i, j) => sum + weights[j] * codes[i][k], 0) / total);
  }

  function sample(component, epsilon = Array.from({length: LATENT_DIM}, normal)) {   // a draw from the mixture
    if (component === undefined) {
      let u = Math.random();
      component = data.weights.findIndex(weight => (u -= weight) < 0);
      if (component < 0) component = data.weights.length - 1;
    }
    return data.means[component].map((mean, k) => mean + data.roots[component][k].reduce((sum, root, j) => sum + root * epsilon[j], 0));
  }

  function morph(a, b, t) {                                 // along the sphere
    const dot = (u, v) => u.reduce((sum, value, k) => sum + value * v[k], 0);
    const omega = Math.acos(Math.max(-1, Math.min(1, dot(a, b) / Math.max(Math.sqrt(dot(a, a) * dot(b, b)), 1e-12)))), sine = Math.sin(omega);
    const [p, q] = sine < 1e-4 ? [1 - t, t] : [Math.sin((1 - t) * omega) / sine, Math.sin(t * omega) / sine];
    return a.map((value, k) => p * value + q * b[k]);
  }

  return {...book, ...data, decode, draw, svg, nearest, codeAt, sample, morph, run};
}

export async function loadText(progress) {                  // progress: called with the bytes of the table that came, and all
  const [text, table, weights] = await Promise.all(
    [getPacked('text.json.gz'), getPacked('table.gz', progress), getPacked('weights.gz')]);
  const data = JSON.parse(new TextDecoder().decode(text)), reader = makeReader(data);
  const rows = new Int8Array(table), factors = new Float32Array(weights), dim = rows.length / factors.length;

  function unit(total) {                                    // its direction; zeros for none
    const length = Math.max(Math.sqrt(total.reduce((all, x) => all + x * x, 0)), 1e-12);
    return total.map(x => x / length);
  }
  function sumPieces(pieces) {
    const total = new Float32Array(dim);
    for (const piece of pieces) {
      const factor = factors[piece], row = piece * dim;
      for (let k = 0; k < dim; k++) total[k] += Math.fround(rows[row + k] * factor);
    }
    return unit(total);
  }
  function sum(vectors) {
    const total = new Float32Array(dim);
    for (const vector of vectors) for (let k = 0; k < dim; k++) total[k] += vector[k];
    return unit(total);
  }
  const dot = (u, v) => { let all = 0; for (let k = 0; k < dim; k++) all += u[k] * v[k]; return all; };
  const texts = data.texts.map(each => each.map(sumPieces)), means = texts.map(sum);

  function encode(text) {
    if (isBlank(text)) throw new RangeError('the text is blank');
    return sumPieces(reader.numberPieces(reader.readText(text.toWellFormed?.() ?? text)));
  }
  function ask(text) {                                      // the question's vector, the best emojis, whether the text is understood, the words that are not
    const question = encode(text);
    const scores = means.map((mean, i) => (dot(mean, question) + Math.max(...texts[i].map(each => dot(each, question)))) / 2 - data.prices[i]);
    return {question, best: k => highest(scores, k), isUnderstood: reader.isUnderstood(text), unknown: reader.unknownWords(text)};
  }
  return {...reader, encode, ask};
}

export async function loadInventor(book) {                  // what `load` gives
  const [weights, session] = await Promise.all([get('blends.json').then(response => response.json()), loadGraph('imagination')]);
  const length = vector => Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));

  return async function invent({question, best}) {          // what `ask` gives; the blend of the best answers' codes that means most the same, as `blend_codes` of the package
    const parts = best(weights[0].length).map(({index}) => book.codes[index]), lengths = parts.map(length);
    const blends = weights.map(row => {
      const mix = numbers => row.reduce((sum, weight, i) => sum + weight * numbers[i], 0);
      const blend = Array.from({length: LATENT_DIM}, (_, k) => mix(parts.map(part => part[k]))), factor = mix(lengths) / length(blend);
      return blend.map(x => factor * x);
    });
    const {[session.outputNames[0]]: {data}} = await book.run(session, {code: new ort.Tensor('float32', Float32Array.from(blends.flat()), [blends.length, LATENT_DIM])});
    const dim = question.length, cosines = blends.map((_, i) => question.reduce((sum, x, k) => sum + x * data[dim * i + k], 0));
    const [{index, score}] = highest(cosines, 1);
    return {code: blends[index], score};
  };
}
