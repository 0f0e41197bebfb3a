'use strict';

// console.table: rows and columns in a frame.
const { array, iterator, map, set, string } = load('builtins');
const { inspect } = load('inspect');
const { columns } = load('inspect_text');
const { brand, previewOf } = load('inspect_native');
const { hasOwn, keys } = Object;
const { isArray } = Array;

const Places = Map;

const INDEX = '(index)';
const ITERATION = '(iteration index)';
const VALUES = 'Values';

function isObject(value) {
  return value !== null && (typeof value === 'object' || typeof value === 'function');
}

function cell(value, colors) {
  const many = value !== null && typeof value === 'object' && !isArray(value) && keys(value).length > 2;
  return inspect(value, { maxArrayLength: 3, breakLength: Infinity, depth: many ? -1 : 0, colors });
}

function line(cells, widths) {
  let result = '│';
  for (let i = 0; i < widths.length; i++) {
    const text = cells[i] ?? '';
    result += ` ${text}${string.repeat(' ', widths[i] - columns(text, true))} │`;
  }
  return `${result}\n`;
}

function rule(widths, left, cross, right) {
  let result = left;
  for (let i = 0; i < widths.length; i++) {
    result += `${i === 0 ? '' : cross}${string.repeat('─', widths[i] + 2)}`;
  }
  return result + right;
}

function framed(head, rows) {
  const widths = [];
  for (let i = 0; i < head.length; i++) {
    let most = columns(head[i], true);
    for (let j = 0; j < rows.length; j++) {
      const width = columns(rows[j][i] ?? '', true);
      if (width > most) most = width;
    }
    widths[i] = most;
  }
  let result = `${rule(widths, '┌', '┬', '┐')}\n${line(head, widths)}${rule(widths, '├', '┼', '┤')}\n`;
  for (let i = 0; i < rows.length; i++) result += line(rows[i], widths);
  return result + rule(widths, '└', '┴', '┘');
}

// Maps, sets and their iterators are numbered; undefined for anything else.
function numbered(data, colors) {
  const rows = [];
  const add = (...values) => {
    const row = [`${rows.length}`];
    for (let i = 0; i < values.length; i++) array.push(row, cell(values[i], colors));
    array.push(rows, row);
  };
  const kind = brand(data);
  let pairs = kind === 'Map';
  if (kind === 'Map') {
    const entries = map.entries(data);
    for (let i = map.getSize(data); i > 0; i--) {
      const entry = iterator.nextOfMap(entries).value;
      add(entry[0], entry[1]);
    }
  } else if (kind === 'Set') {
    const values = set.values(data);
    for (let i = set.getSize(data); i > 0; i--) add(iterator.nextOfSet(values).value);
  } else if (kind === 'MapIterator' || kind === 'SetIterator') {
    const preview = previewOf(data);
    const { items } = preview;
    pairs = preview.pairs;
    for (let i = 0; i < items.length; i += pairs ? 2 : 1) {
      if (pairs) add(items[i], items[i + 1]);
      else add(items[i]);
    }
  } else {
    return undefined;
  }
  return framed(pairs ? [ITERATION, 'Key', VALUES] : [ITERATION, VALUES], rows);
}

// The table of an object; `properties`: the columns, if not all.
function table(data, properties, colors) {
  const text = numbered(data, colors);
  if (text !== undefined) return text;
  const head = [INDEX];
  const places = new Places();
  const place = (name) => {
    if (!map.has(places, name)) {
      map.set(places, name, head.length);
      array.push(head, name);
    }
    return map.get(places, name);
  };
  for (let i = 0; properties !== undefined && i < properties.length; i++) place(`${properties[i]}`);
  const rows = [];
  const plain = [];
  const names = keys(data);
  for (let i = 0; i < names.length; i++) {
    const item = data[names[i]];
    const row = [names[i]];
    if (isObject(item)) {
      const found = properties ?? keys(item);
      for (let j = 0; j < found.length; j++) {
        if (hasOwn(item, found[j])) row[place(`${found[j]}`)] = cell(item[found[j]], colors);
      }
    } else {
      plain[i] = cell(item, colors);
    }
    array.push(rows, row);
  }
  if (plain.length > 0) {
    array.push(head, VALUES);
    for (let i = 0; i < rows.length; i++) rows[i][head.length - 1] = plain[i];
  }
  return framed(head, rows);
}

return { table };
