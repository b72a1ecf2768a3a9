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

function best(scores, k) {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b).slice(0, k);
  return order.map(index => ({index, score: scores[index]}));
}

const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

export async function load() {
  const [book, data, decoder] = await Promise.all([loadSheet(), get('map.json').then(response => response.json()), loadGraph('decoder')]);
  const {codes, xy} = data, pictures = readPictures(book);
  let busy = Promise.resolve();                             // a session runs one thing at a time
  const run = (session, feeds) => busy = busy.catch(() => {}).then(() => session.run(feeds));

  async function decode(code) {                             // 16 numbers to 36·36·4 in [0, 1]
    if (code.length !== LATENT_DIM || !code.every(Number.isFinite)) throw new RangeError(`a code is ${LATENT_DIM} finite numbers`);
    const result = await run(decoder, {[decoder.inputNames[0]]: new ort.Tensor('float32', Float32Array.from(code), [1, LATENT_DIM])});
    return result[decoder.outputNames[0]].data;
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
    const near = best(squares.map(d => -d), data.neighbours).map(({index}) => index);
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

  return {...book, ...data, decode, nearest, codeAt, sample, morph, run};
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
    return {question, best: k => best(scores, k), isUnderstood: reader.isUnderstood(text), unknown: reader.unknownWords(text)};
  }
  return {...reader, encode, ask};
}

export async function loadInventor(run) {                   // `run` of what `load` gives
  const real = name => getPacked(name).then(bytes => new Float32Array(bytes));
  const [how, starts, steps, climber] = await Promise.all([
    get('climb.json').then(response => response.json()), real('starts.gz'), real('steps.gz'), loadGraph('climb')]);
  const {rounds: ROUNDS, climbers: CLIMBERS, tries: TRIES} = how;

  async function look(codes, question) {                    // cosines and log densities of codes, one after the other in an array
    const result = await run(climber, {code: new ort.Tensor('float32', codes, [codes.length / LATENT_DIM, LATENT_DIM]),
      question: new ort.Tensor('float32', question, [1, question.length])});
    return climber.outputNames.map(name => result[name].data);
  }

  return async function climb(question, goesOn = () => true) {   // a likely code with a high cosine, as `climb` of the package
    const [cosines] = await look(starts, question);
    let climbers = best(cosines, CLIMBERS).map(({index, score}) => ({code: starts.slice(index * LATENT_DIM, (index + 1) * LATENT_DIM), score}));
    for (let round = 0; round < ROUNDS; round++) {
      if (!goesOn()) return null;
      const size = .4 * .1 ** (round / (ROUNDS - 1)), width = CLIMBERS * LATENT_DIM, tries = new Float32Array(TRIES * width);
      for (let i = 0; i < tries.length; i++) tries[i] = climbers[Math.floor(i % width / LATENT_DIM)].code[i % LATENT_DIM] + size * steps[round * TRIES * width + i];
      const [values, densities] = await look(tries, question);
      climbers = climbers.map((climber, c) => {
        let found = climber;
        for (let t = 0; t < TRIES; t++) {
          const row = t * CLIMBERS + c;
          if (densities[row] >= how.least && values[row] > found.score) found = {code: tries.slice(row * LATENT_DIM, (row + 1) * LATENT_DIM), score: values[row]};
        }
        return found;
      });
    }
    return climbers.reduce((a, b) => b.score > a.score ? b : a);
  };
}
