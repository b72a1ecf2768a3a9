// From a text to word pieces, as neural_emojis.sentences does it; the names are the same.

const W = String.raw`[\p{L}\p{N}_]`;                                                              // Python's \w
const S = String.raw`\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;   // Python's \s
const LETTER = String.raw`(?:(?!\p{Nd})[\p{L}\p{N}])`;                                            // Python's [^\W\d_]
const SPACES = new RegExp(`[${S}]+`, 'gu'), WORD = /[\p{L}\p{N}]+/gu;
const RUNS = new RegExp(`${LETTER}+|\\p{Nd}+`, 'gu');
const SILENT = new RegExp(`https?(?!${W})[^${S}]*|www\\.[^${S}]+|@${W}+`, 'gu');
const HASHTAG = new RegExp(`#(${W}+)`, 'gu');
const CAPITALS = new RegExp(`[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\\p{Nd}+|(?:(?![a-zA-Z])${LETTER})+`, 'gu');
const ENTITY = /&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)/gu;
const SPECIAL = /(\[(?:PAD|UNK|CLS|SEP|MASK)\])/;
const REMOVED = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\ufffd]/gu;
const IDEOGRAPH = new RegExp('[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff' +
  '\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]', 'gu');
const PUNCTUATION = /[!-\/:-@[-`{-~\p{P}]/gu;

const isAscii = text => /^[\0-\x7f]*$/.test(text), count = text => [...text].length;
const squeeze = text => text.replace(SPACES, ' ').replace(/^ | $/g, '');
export const isBlank = text => squeeze(text) === '';

// data: what docs/playground.py writes to text.json
export function makeReader(data) {
  const times = new Map(data.words.split('\n').map(row => row.split(' ')).map(([word, n]) => [word, Number(n)]));
  const costs = new Map();
  [...times.keys()].forEach((word, i) => { if (word.length > 1 || 'ai'.includes(word)) costs.set(word, Math.log(i + 1) + 2.5); });
  const pieces = new Map(data.pieces.split('\n').map((piece, i) => [piece, i]));
  const entities = new Map(Object.entries(data.entities)), names = new Map(data.emojis);
  const chat = new Map(Object.entries(data.chat));
  const emojis = new RegExp(data.emojis.map(([char]) => char.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'), 'gu');

  function number(n) {                                      // the character of &#n;
    if (n in data.numbers) return data.numbers[n];
    if (n > 0x10ffff || (n >= 0xd800 && n < 0xe000)) return '\ufffd';
    return (n & 0xfffe) === 0xfffe || (n >= 0xfdd0 && n < 0xfdf0) ? '' : String.fromCodePoint(n);
  }
  const unescape = text => text.replace(ENTITY, (whole, entity) => {
    if (entity[0] === '#') return number(Number(entity.replace(';', '').replace(/^#[xX]/, '0x').replace('#', '')));
    if (entities.has(entity)) return entities.get(entity);
    for (let end = entity.length - 1; end > 1; end--) {
      if (entities.has(entity.slice(0, end))) return entities.get(entity.slice(0, end)) + entity.slice(end);
    }
    return whole;
  });

  function* edits(word) {
    for (let i = 0; i <= word.length; i++) {
      const left = word.slice(0, i), right = word.slice(i);
      if (right) yield left + right.slice(1);
      for (const letter of 'abcdefghijklmnopqrstuvwxyz') yield* [left + letter + right, left + letter + right.slice(1)];
      if (right.length > 1) yield left + right[1] + right[0] + right.slice(2);
    }
  }
  function correctWord(word) {
    const lower = word.toLowerCase(), length = count(word);
    if (length < 4 || length > 20 || times.has(lower) || !isAscii(lower)) return word;
    let meant = word, most = data.often - 1;
    for (const edit of edits(lower)) {
      const n = times.get(edit) ?? 0;
      if (n > most || (n === most && meant !== word && edit < meant)) [meant, most] = [edit, n];
    }
    const often = stem => (times.get(stem) ?? 0) > (times.get(meant) ?? 0);
    const isForm = end => lower.endsWith(end) && often(lower.slice(0, -end.length));
    return data.endings.some(isForm) ? word : meant;
  }

  function shorten(word) {
    const lower = word.toLowerCase(), runs = /([a-z])\1{2,}/g;
    if (lower.search(runs) < 0) return word;
    const [one, two] = ['$1', '$1$1'].map(letters => lower.replace(runs, letters));
    return (times.get(one) ?? -1) > (times.get(two) ?? -1) ? one : two;
  }

  function readWord(word) {
    const lower = word.toLowerCase();
    if (chat.has(lower)) return chat.get(lower);
    return /\p{Nd}/u.test(word) ? word : correctWord(shorten(word));
  }

  function splitWords(run) {
    if (times.has(run) || run.length > 60) return run;
    const best = [[0, '']];
    for (let end = 1; end <= run.length; end++) {
      best[end] = [Infinity, ''];
      for (let start = Math.max(0, end - 20); start < end; start++) {
        const word = run.slice(start, end), cost = best[start][0] + (costs.get(word) ?? Infinity);
        if (cost < best[end][0]) best[end] = [cost, `${best[start][1]} ${word}`];
      }
    }
    return best[run.length][1].trim() || run;
  }
  const splitHashtag = tag =>
    (tag.match(CAPITALS) ?? []).map(part => isAscii(part) ? splitWords(part.toLowerCase()) : part).join(' ');

  function readText(text) {
    text = unescape(unescape([...text.normalize('NFC')].slice(0, data.longest).join(''))).replaceAll('\ufe0f', '');
    if (!isAscii(text)) {
      text = text.replace(emojis, emoji => ` ${names.get(emoji)} `).normalize('NFKC').replaceAll('’', "'");
    }
    text = text.replace(SILENT, ' ').replace(HASHTAG, (_, tag) => ` ${splitHashtag(tag)} `);
    return squeeze(text.replace(WORD, readWord));
  }

  const isKnown = run => /^\p{Nd}/u.test(run) || (times.get(run.toLowerCase()) ?? 0) >= (count(run) > 1 ? 1 : data.often);
  const runs = text => readText(text).match(RUNS) ?? [];
  const unknownWords = text => runs(text).filter(run => !isKnown(run));
  function knownShare(text) {
    const letters = words => words.reduce((sum, word) => sum + count(word), 0), all = runs(text);
    return letters(all.filter(isKnown)) / Math.max(letters(all), 1);
  }

  function split(word) {                                    // the longest pieces first; none of a word that has others
    const found = [], points = [...word];
    for (let start = 0, end; start < points.length; start = end) {
      for (end = points.length; end > start; end--) {
        const piece = pieces.get((start ? '##' : '') + points.slice(start, end).join(''));
        if (piece !== undefined) { found.push(piece); break; }
      }
      if (end === start) return [];
    }
    return found;
  }
  function numberPieces(text) {                             // of a text as from readText; BERT's word pieces
    return text.split(SPECIAL).flatMap((part, i) => {
      if (i % 2) return [pieces.get(part)];
      const clean = part.replace(REMOVED, '').replace(IDEOGRAPH, ' $& ').normalize('NFD').replace(/\p{Mn}/gu, '');
      const lower = Array.from(clean, letter => letter.toLowerCase()).join('');
      return squeeze(lower.replace(PUNCTUATION, ' $& ')).split(' ').filter(word => word && count(word) <= 100).flatMap(split);
    });
  }

  return {readText, knownShare, unknownWords, numberPieces, isUnderstood: text => knownShare(text) >= data.understood};
}
