// The models of the book in the browser: what each function gives equals what the package gives, but for rounding.

import {env, InferenceSession, Tensor} from './ort.mjs';
import {bagOfNgrams, bagOfWords, emojiDescriber, isBlank} from './text.js';

const SIDE = 36, PIXELS = SIDE * SIDE, LATENT_DIM = 16;
const url = name => new URL(name, import.meta.url);

async function get(name) {
  const response = await fetch(url(name));
  if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
  return response;
}

async function getPacked(name) {                            // some servers unpack .gz files themselves
  const bytes = await (await get(name)).arrayBuffer(), [a, b] = new Uint8Array(bytes);
  if (a !== 0x1f || b !== 0x8b) return bytes;
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}

let runtime;
const loadRuntime = () => runtime ??= getPacked('ort.wasm.gz').then(bytes => {
  env.wasm.numThreads = 1;
  env.wasm.wasmBinary = bytes;
});

async function loadGraph(name) {
  const [bytes] = await Promise.all([getPacked(`${name}.onnx.gz`), loadRuntime()]);
  return InferenceSession.create(bytes, {executionProviders: ['wasm']});
}

async function loadPictures(name, n) {                      // the emojis on a sheet, and each on white, in [0, 1]
  const sheet = await createImageBitmap(await (await get(name)).blob());
  const columns = sheet.width / SIDE, canvas = new OffscreenCanvas(sheet.width, sheet.height);
  const context = canvas.getContext('2d', {willReadFrequently: true});
  context.fillStyle = '#fff';
  context.fillRect(0, 0, sheet.width, sheet.height);
  context.drawImage(sheet, 0, 0);
  const pictures = [];
  for (let i = 0; i < n; i++) {
    const {data} = context.getImageData(i % columns * SIDE, Math.floor(i / columns) * SIDE, SIDE, SIDE);
    pictures.push(Float32Array.from({length: 3 * PIXELS}, (_, k) => data[4 * Math.floor(k / 3) + k % 3] / 255));
  }
  return {sheet, columns, pictures};
}

function best(scores, k) {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b).slice(0, k);
  return order.map(index => ({index, score: scores[index]}));
}

const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

export async function load() {
  const data = await (await get('map.json')).json();
  const [{sheet, columns, pictures}, decoder] = await Promise.all([loadPictures('emojis.webp', data.chars.length), loadGraph('decoder')]);
  const {codes, xy} = data;
  let busy = Promise.resolve();                             // a session runs one thing at a time
  const run = (session, feeds) => busy = busy.catch(() => {}).then(() => session.run(feeds));

  async function decode(code) {                             // 16 numbers to 36·36·4 in [0, 1]
    if (code.length !== LATENT_DIM || !code.every(Number.isFinite)) throw new RangeError(`a code is ${LATENT_DIM} finite numbers`);
    const result = await run(decoder, {[decoder.inputNames[0]]: new Tensor('float32', Float32Array.from(code), [1, LATENT_DIM])});
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

  return {...data, sheet, columns, decode, nearest, codeAt, sample, morph, run};
}

export async function loadText(run) {                       // `run` of what `load` gives
  const whole = name => getPacked(name).then(bytes => new Uint32Array(bytes)), real = name => getPacked(name).then(bytes => new Float32Array(bytes));
  const [words, ngrams, stems, weights, starts, steps, calledStems, calledWeights, sentiment, answer, climber] = await Promise.all([
    get('text.json').then(response => response.json()), whole('ngrams.gz'), whole('stems.gz'), real('weights.gz'), real('starts.gz'), real('steps.gz'),
    whole('called_stems.gz'), real('called_weights.gz'), ...['sentiment', 'answer', 'climb'].map(loadGraph)]);
  const meaningWords = new Map(words.words.map((word, i) => [word, i])), describeEmojis = emojiDescriber(words.described);
  const check = text => { if (isBlank(text)) throw new RangeError('the text is blank'); return text.toWellFormed?.() ?? text; };

  async function feel(text) {                               // cosines with the three sentiments, and their probabilities
    const {places, counts} = bagOfNgrams(check(text), ngrams, words.first_word);
    const result = await run(sentiment, {places: new Tensor('int32', places, [1, places.length]), counts: new Tensor('float32', counts, [1, counts.length])});
    const [cosines, confidence] = sentiment.outputNames.map(name => result[name].data);
    return words.labels.map((label, i) => ({label, cosine: cosines[i], confidence: confidence[i]}));
  }

  function shareWords(bag) {                                // cosines with what all emojis are called, by the words themselves
    const said = new Float32Array(words.n_stems);
    bag.forEach((has, i) => { if (has) said[stems[i]] += weights[i]; });
    const length = Math.sqrt(said.reduce((sum, weight) => sum + weight ** 2, 0)) || 1;
    return words.called.slice(1).map((end, i) => {
      let sum = 0;
      for (let k = words.called[i]; k < end; k++) sum += said[calledStems[k]] * calledWeights[k];
      return sum / length;
    });
  }

  async function ask(text) {                                // the question's vector, its scores with all emojis, and whether it has a word that the model knows
    const bag = bagOfWords(describeEmojis(check(text)), meaningWords, words.words.length);
    const result = await run(answer, {[answer.inputNames[0]]: new Tensor('float32', bag, [1, bag.length])});
    const [question, cosines] = answer.outputNames.map(name => result[name].data), shared = shareWords(bag);
    return {question, best: k => best(cosines.map((cosine, i) => Math.round((cosine + shared[i]) * 5e5) / 1e6), k), isKnown: bag.includes(1)};
  }

  async function look(codes, question) {                    // cosines and log densities of codes, one after the other in an array
    const result = await run(climber, {code: new Tensor('float32', codes, [codes.length / LATENT_DIM, LATENT_DIM]),
      question: new Tensor('float32', question, [1, question.length])});
    return climber.outputNames.map(name => result[name].data);
  }

  async function climb(question, goesOn = () => true) {     // a likely code with a high cosine, as `climb` of the package
    const {n_rounds: ROUNDS, n_climbers: CLIMBERS, tries: TRIES, step: FIRST} = words;
    const [cosines] = await look(starts, question);
    let climbers = best(cosines, CLIMBERS).map(({index, score}) => ({code: starts.slice(index * LATENT_DIM, (index + 1) * LATENT_DIM), score}));
    for (let round = 0; round < ROUNDS; round++) {
      if (!goesOn()) return null;
      const size = FIRST * .1 ** (round / (ROUNDS - 1)), width = CLIMBERS * LATENT_DIM, tries = new Float32Array(TRIES * width);
      for (let i = 0; i < tries.length; i++) tries[i] = climbers[Math.floor(i % width / LATENT_DIM)].code[i % LATENT_DIM] + size * steps[round * TRIES * width + i];
      const [values, densities] = await look(tries, question);
      climbers = climbers.map((climber, c) => {
        let found = climber;
        for (let t = 0; t < TRIES; t++) {
          const row = t * CLIMBERS + c;
          if (densities[row] >= words.least && values[row] > found.score) found = {code: tries.slice(row * LATENT_DIM, (row + 1) * LATENT_DIM), score: values[row]};
        }
        return found;
      });
    }
    return climbers.reduce((a, b) => b.score > a.score ? b : a);
  }

  return {...words, feel, ask, climb};
}
