// Texts to numbers, as neural_emojis.questions and neural_emojis.sqam do it; the names are theirs.

const W = String.raw`[\p{L}\p{N}_]`;                                                                 // Python's \w
const S = String.raw`\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;   // Python's \s
const TOKEN = new RegExp(`https?://[^${S}]+|@${W}+|${W}+(?:'${W}+)?|[^\\p{L}\\p{N}_${S}]`, 'gu');
const EDGES = new RegExp(`^[${S}]+|[${S}]+$`, 'gu');
const UNREAD = new RegExp(`@${W}+|https?://[^${S}]+`, 'gu');
const MEANING_WORD = new RegExp(`(?<!${W})[a-z]+(?:'[a-z]+)*(?!${W})`, 'gu');
const MAX_CHARACTERS = 1000, BAG_LENGTH = 450, OFFSET = 2166136261, PRIME = 16777619;

const strip = text => text.replace(EDGES, '');
export const isBlank = text => strip(text) === '';

export function splitWords(text) {
  const words = [...strip(text)].slice(0, MAX_CHARACTERS).join('').replaceAll('’', "'").toLowerCase().match(TOKEN) ?? [];
  return words.map(word => word.startsWith('http') ? 'http' : word.replace(/\p{Nd}/gu, '0'));
}

// FNV-1a of pieces of 3, 4 and 5 characters, and of words and pairs of words
export function hashNgrams(text) {
  const points = Array.from(` ${splitWords(text).join(' ')} `, c => c.codePointAt(0));
  const pieces = [], words = [];
  for (let start = 0; start < points.length; start++) {
    let h = OFFSET;
    for (let n = 1; n <= 5 && start + n <= points.length; n++) {
      h = Math.imul(h ^ points[start + n - 1], PRIME) >>> 0;
      if (n >= 3) pieces.push(h);
      if (n > 1 && points[start + n - 1] === 32) break;    // a piece ends with its word
    }
  }
  for (let i = 1; i < points.length; i++) {
    if (points[i - 1] !== 32 || points[i] === 32) continue;
    let h = OFFSET;
    while (points[i] !== 32) h = Math.imul(h ^ points[i++], PRIME) >>> 0;
    words.push(h);
  }
  const pairs = words.slice(1).map((h, i) => (Math.imul(words[i], PRIME) ^ h) >>> 0);
  return [pieces, [...words, ...pairs]];
}

function find(sorted, value, low, high) {                  // the place of `value`, -1 if it isn't there
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1; else high = middle;
  }
  return sorted[low] === value ? low : -1;
}

export function bagOfNgrams(text, ngrams, firstWord) {     // ngrams: pieces in ascending order, then words from `firstWord` on
  const [pieces, words] = hashNgrams(text), times = new Map();
  const count = (value, low, high) => {
    const place = find(ngrams.subarray(0, high), value, low, high);
    if (place >= 0) times.set(place, (times.get(place) ?? 0) + 1);
  };
  for (const piece of pieces) count(piece, 0, firstWord);
  for (const word of words) count(word, firstWord, ngrams.length);
  const kept = [...times].sort(([a], [b]) => b - a).slice(0, BAG_LENGTH);
  if (!kept.length) kept.push([0, 0]);
  return {places: Int32Array.from(kept, ([place]) => place), counts: Float32Array.from(kept, ([, n]) => n ? 1 + Math.log(n) : 0)};
}

export function findWords(text) {
  const words = text.replaceAll('’', "'").replace(UNREAD, ' ').replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase().match(MEANING_WORD) ?? [];
  return words.filter(word => word.length > 1);
}

const SPECIAL = /[\\^$.*+?()[\]{}|]/g;

// described: {emoji: its description}; gives what puts the descriptions in the places of the emojis of a text
export function emojiDescriber(described) {
  const signs = Object.keys(described).sort((a, b) => b.length - a.length).map(sign => sign.replace(SPECIAL, '\\$&'));
  const pattern = new RegExp(signs.join('|'), 'gu');
  return text => text.replaceAll('\ufe0f', '').replace(pattern, sign => ` ${described[sign]} `);
}

export function bagOfWords(text, number, size) {
  const bag = new Float32Array(size);
  for (const word of findWords(text)) if (number.has(word)) bag[number.get(word)] = 1;
  return bag;
}
