// An animated GIF of frames that each have few colours (GIF89a, Compuserve 1990).

function quantise({data, width, height}) {                  // a table of 64 colours at most, and each pixel's place in it; 0 is transparent
  const pixels = [], counts = new Map();
  for (let i = 0; i < width * height; i++) {
    const [r, g, b, a] = data.subarray(4 * i, 4 * i + 4), key = a < 128 ? -1 : (r >> 4) << 8 | (g >> 4) << 4 | b >> 4;
    pixels.push(key);
    if (key >= 0) {
      const sum = counts.get(key) ?? [0, 0, 0, 0];
      [1, r, g, b].forEach((value, k) => { sum[k] += value; });
      counts.set(key, sum);
    }
  }
  const kept = [...counts].sort((a, b) => b[1][0] - a[1][0]).slice(0, 63);
  const colours = [[0, 0, 0], ...kept.map(([, [n, ...sums]]) => sums.map(sum => Math.round(sum / n)))];
  const place = new Map([[-1, 0], ...kept.map(([key], i) => [key, i + 1])]);
  function nearest(key) {
    const [r, g, b] = [key >> 8, key >> 4 & 15, key & 15].map(part => 16 * part + 8);
    let found = 1, least = Infinity;
    for (let i = 1; i < colours.length; i++) {
      const far = (colours[i][0] - r) ** 2 + (colours[i][1] - g) ** 2 + (colours[i][2] - b) ** 2;
      if (far < least) [found, least] = [i, far];
    }
    place.set(key, found);
    return found;
  }
  return {colours, pixels: pixels.map(key => place.get(key) ?? nearest(key))};
}

const BITS = 6;                                             // of a colour's place
function compress(pixels) {                                 // Lempel, Ziv and Welch's codes, in blocks of 255 bytes
  const bytes = [], clear = 1 << BITS;
  let known, size, hold = 0, held = 0;
  const put = code => {
    hold |= code << held;
    held += size;
    for (; held >= 8; held -= 8, hold >>= 8) bytes.push(hold & 255);
  };
  const begin = () => { known = new Map(); size = BITS + 1; };
  begin();
  put(clear);
  let run = pixels[0];
  for (const pixel of pixels.slice(1)) {
    const key = run << 8 | pixel, code = known.get(key);
    if (code !== undefined) { run = code; continue; }
    put(run);
    const next = clear + 2 + known.size;
    if (next > 4095) { put(clear); begin(); }
    else {
      known.set(key, next);
      if (next >= 1 << size) size++;
    }
    run = pixel;
  }
  put(run);
  put(clear + 1);
  if (held) bytes.push(hold & 255);
  const blocks = [];
  for (let i = 0; i < bytes.length; i += 255) blocks.push(Math.min(255, bytes.length - i), ...bytes.slice(i, i + 255));
  return [BITS, ...blocks, 0];
}

export function encodeGif(frames, delay) {                  // frames: ImageData of one size; delay: of each, in hundredths of a second
  const word = n => [n & 255, n >> 8], text = string => [...string].map(letter => letter.charCodeAt(0));
  const {width, height} = frames[0];
  const parts = [[...text('GIF89a'), ...word(width), ...word(height), 0, 0, 0, 0x21, 0xff, 11, ...text('NETSCAPE2.0'), 3, 1, 0, 0, 0]];
  for (const frame of frames) {
    const {colours, pixels} = quantise(frame), table = Array.from({length: 1 << BITS}, (_, i) => colours[i] ?? [0, 0, 0]).flat();
    parts.push([0x21, 0xf9, 4, 0b1001, ...word(delay), 0, 0, 0x2c, 0, 0, 0, 0, ...word(width), ...word(height), 0x80 | BITS - 1, ...table], compress(pixels));
  }
  return new Blob([...parts.map(part => Uint8Array.from(part)), Uint8Array.of(0x3b)], {type: 'image/gif'});
}
