'use strict';

// How the entries of an object become lines.
const { array, string } = load('builtins');
const { columns, withoutColors } = load('inspect_text');
const { floor, max, min, round, sqrt } = Math;

// Many short entries stand in columns: numbers to the right, the rest to the left.
function grouped(state, entries, value) {
  // "... n more items" has a line of its own.
  const more = state.maxArrayLength < entries.length ? 1 : 0;
  const count = entries.length - more;
  const gap = 2;
  const widths = [];
  let total = 0;
  let widest = 0;
  for (let i = 0; i < count; i++) {
    widths[i] = columns(entries[i], state.colors);
    total += widths[i] + gap;
    widest = max(widest, widths[i]);
  }
  const column = widest + gap;
  const fits = column * 3 + state.indentation < state.breakLength;
  if (!fits || (total / column <= 5 && widest > 6)) return entries;

  // About as many columns as make a block that looks square: a character is 2.5 times as high as wide.
  const even = max(column - 3 - sqrt(column - total / entries.length), 1);
  const perLine = min(
    round(sqrt(2.5 * even * count) / even),
    floor((state.breakLength - state.indentation) / column),
    state.compact * 4,
    15,
  );
  if (perLine <= 1) return entries;
  const lineWidths = [];
  for (let i = 0; i < perLine; i++) {
    let most = 0;
    for (let j = i; j < count; j += perLine) most = max(most, widths[j]);
    lineWidths[i] = most + gap;
  }
  const right = value !== undefined && areNumbers(value, entries.length);
  const lines = [];
  for (let i = 0; i < count; i += perLine) {
    const end = min(i + perLine, count);
    let line = '';
    for (let j = i; j < end; j++) {
      const invisible = entries[j].length - widths[j];
      const size = lineWidths[j - i] + invisible;
      if (j < end - 1) line += (right ? string.padStart : string.padEnd)(`${entries[j]}, `, size, ' ');
      else line += right ? string.padStart(entries[j], size - gap, ' ') : entries[j];
    }
    array.push(lines, line);
  }
  if (more === 1) array.push(lines, entries[count]);
  return lines;
}

function areNumbers(value, count) {
  for (let i = 0; i < count; i++) {
    if (typeof value[i] !== 'number' && typeof value[i] !== 'bigint') return false;
  }
  return true;
}

function fitsLine(state, entries, start, base) {
  let total = entries.length + start;
  if (total + entries.length > state.breakLength) return false;
  for (let i = 0; i < entries.length; i++) {
    total += (state.colors ? withoutColors(entries[i]) : entries[i]).length;
    if (total > state.breakLength) return false;
  }
  return base === '' || !string.includes(base, '\n');
}

// The entries between their brackets, on one line where that is to be. `list`: they may stand in columns, if
// `value` is an array with its numbers aligned.
function laidOut(state, entries, shape, level, value) {
  const { base, open, close, list } = shape;
  const head = base === '' ? '' : `${base} `;
  const indent = `\n${string.repeat(' ', state.indentation)}`;
  if (state.compact === true) {
    if (fitsLine(state, entries, 0, base)) {
      return `${open}${base === '' ? '' : ` ${base}`} ${array.join(entries, ', ')} ${close}`;
    }
    const first = base === '' && open.length === 1 ? ' ' : `${base === '' ? '' : ` ${base}`}${indent}  `;
    return `${open}${first}${array.join(entries, `,${indent}  `)} ${close}`;
  }
  let lines = entries;
  if (typeof state.compact === 'number' && state.compact >= 1) {
    if (list && entries.length > 6) lines = grouped(state, entries, value);
    // The innermost levels go on one line each, unless they were put into columns.
    if (state.deepest - level < state.compact && lines.length === entries.length) {
      const start = lines.length + state.indentation + open.length + base.length + 10;
      if (fitsLine(state, lines, start, base)) {
        const line = array.join(lines, ', ');
        if (!string.includes(line, '\n')) return `${head}${open} ${line} ${close}`;
      }
    }
  }
  return `${head}${open}${indent}  ${array.join(lines, `,${indent}  `)}${indent}${close}`;
}

return { laidOut };
