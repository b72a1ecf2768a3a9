// An SVG of masks as outlines, as `trace_masks` of neural_emojis.plot writes it.

import './d3.js';                                           // d3-contour, which puts itself into globalThis.d3

export const GRID = 72, EDGE = 360;                         // samples along a side of a field, and units along one of the SVG
const span = (n, make) => Array.from({length: n}, (_, i) => make(i));

function shapes(fields, alphas) {                           // colour numbers and fields above 0 inside their shapes, bottom first
  const k = alphas.length, pixels = span(fields.length / k, i => fields.subarray(k * i, k * i + k)), area = alphas.map(() => 0);
  for (const pixel of pixels) area[pixel.indexOf(Math.max(...pixel))]++;
  const seen = [...area.keys()].filter(c => area[c] && alphas[c] > 0).sort((a, b) => area[b] - area[a] || a - b);
  const solid = seen.filter(c => alphas[c] === 1);
  const groups = [...seen.filter(c => alphas[c] < 1).map(c => [c]), ...solid.map((_, i) => solid.slice(i))];
  return groups.map(group => {
    const most = (pixel, isIn) => pixel.reduce((most, x, c) => group.includes(c) === isIn ? Math.max(most, x) : most, -1e3);
    return [group[0], pixels.map(pixel => most(pixel, true) - most(pixel, false))];
  });
}

function lines(field) {                                     // where a field is 0, in tenths of a pixel
  const size = GRID + 2, inner = at => Math.min(GRID - 1, Math.max(0, at - 1));
  const padded = span(size * size, i => {
    const [x, y] = [i % size, Math.floor(i / size)], value = field[inner(y) * GRID + inner(x)];
    return x % (size - 1) && y % (size - 1) ? value : -Math.abs(value);
  });
  const step = EDGE / GRID, rings = globalThis.d3.contours().size([size, size]).contour(padded, 0).coordinates.flat();
  return rings.map(ring => ring.map(point => point.map(at => step * (at - 1))));
}

const areaOf = line => Math.abs(line.slice(1).reduce((sum, [x, y], i) => sum + line[i][0] * y - x * line[i][1], 0)) / 2;

function path(line) {                                       // closed, to the data of an SVG path
  const lengths = [0];
  line.slice(1).forEach(([x, y], i) => lengths.push(lengths[i] + Math.hypot(x - line[i][0], y - line[i][1])));
  const all = lengths.at(-1), n = Math.max(6, Math.round(all / 10));
  const corners = span(n, i => {
    const at = i * all / n, next = Math.max(1, lengths.findIndex(length => length > at)), part = (at - lengths[next - 1]) / (lengths[next] - lengths[next - 1]);
    return [0, 1].map(axis => Math.round(line[next - 1][axis] + part * (line[next][axis] - line[next - 1][axis])));
  });
  const middles = corners.map((corner, i) => corner.map((x, axis) => Math.round((x + corners[(i + 1) % n][axis]) / 2)));
  const steps = corners.flatMap((corner, i) => [corner, middles[i]].flatMap(point => point.map((x, axis) => x - middles.at(i - 1)[axis])));
  return `M${middles.at(-1).join(' ')}q${steps.join(' ')}z`;
}

export function trace(fields, palette, least) {             // GRID·GRID·k numbers, k colours in [0, 1], and the smallest area that is drawn
  const paths = shapes(fields, palette.map(colour => colour[3])).map(([c, field]) => {
    const data = lines(field).filter(line => areaOf(line) >= least).map(path).join('');
    const fill = palette[c].slice(0, 3).map(x => Math.round(255 * x).toString(16).padStart(2, '0')).join('');
    return data && `<path fill="#${fill}"${palette[c][3] < 1 ? ` fill-opacity="${palette[c][3].toFixed(2)}"` : ''} d="${data}"/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${EDGE} ${EDGE}" fill-rule="evenodd">${paths.join('')}</svg>\n`;
}
