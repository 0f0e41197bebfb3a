'use strict';

// How a failed comparison shows what it got beside what it expected.

// Lines that are the same on both sides: this many are shown after a difference, the others as "...".
const CONTEXT_LINES = 5;
const MOST_LINES = 50;
// Texts that are no longer than this together are shown as `a !== b`.
const SHORT = 12;
const TERMINAL_WIDTH = 80;
// The search takes memory with the square of the differences: sides that differ more are shown one after the other.
const MOST_EDITS = 2000;

// The lines of both sides in turn, as [sign, line]: Myers, "An O(ND) difference algorithm and its variations".
// `x` and `y` are places in actual and expected, k = x - y a diagonal.
function compareLines(actual, expected, same) {
  const most = Math.min(actual.length + expected.length, MOST_EDITS);
  const middle = most + 1;
  const ends = new Int32Array(2 * middle + 1); // how far each diagonal has been followed, in x
  const history = [];
  for (let d = 0; d <= most; d++) {
    history.push({ ends: ends.slice(middle - d - 1, middle + d + 2), middle: d + 1 });
    for (let k = -d; k <= d; k += 2) {
      let x = goesDown(ends, middle, d, k) ? ends[middle + k + 1] : ends[middle + k - 1] + 1;
      while (x < actual.length && x - k < expected.length && same(actual[x], expected[x - k])) x++;
      ends[middle + k] = x;
      if (x >= actual.length && x - k >= expected.length) return walkBack(history, actual, expected);
    }
  }
  return [...actual.map((line) => ['+', line]), ...expected.map((line) => ['-', line])];
}

// Whether the d-th edit that ends on diagonal k takes a line of expected, and not one of actual.
function goesDown(ends, middle, d, k) {
  return k === -d || k !== d && ends[middle + k - 1] < ends[middle + k + 1];
}

function walkBack(history, actual, expected) {
  const lines = [];
  let x = actual.length;
  let y = expected.length;
  // A comma at the end is no difference; the line that has one is shown.
  const takeSame = () => {
    x--;
    y--;
    lines.push([' ', actual[x].endsWith(',') ? actual[x] : expected[y]]);
  };
  for (let d = history.length - 1; d > 0; d--) {
    const { ends, middle } = history[d];
    const k = x - y;
    const isDown = goesDown(ends, middle, d, k);
    const start = isDown ? ends[middle + k + 1] : ends[middle + k - 1] + 1;
    while (x > start) takeSame();
    if (isDown) lines.push(['-', expected[--y]]);
    else lines.push(['+', actual[--x]]);
  }
  while (x > 0) takeSame();
  return lines.reverse();
}

// The text of the lines, without those in the middle of a long stretch that is the same.
function layOut(lines) {
  let text = '';
  let skipped = false;
  const show = ([sign, line]) => {
    text += `\n${sign} ${line}`;
  };
  for (let i = 0; i < lines.length;) {
    let end = i;
    while (end < lines.length && lines[end][0] === ' ') end++;
    const count = end - i;
    if (end === lines.length) {
      lines.slice(i, i + CONTEXT_LINES).forEach(show);
    } else if (count < CONTEXT_LINES + 3) {
      lines.slice(i, end).forEach(show);
    } else {
      lines.slice(i, i + CONTEXT_LINES).forEach(show);
      text += '\n...';
      show(lines[end - 1]);
      skipped = true;
    }
    if (end < lines.length) show(lines[end]);
    i = end + 1;
  }
  return { text, skipped };
}

// Two values of one line each. A mark shows where they part, unless that is plain to see.
function simpleDiff(actual, expected, actualText, expectedText) {
  const quotes = (value) => typeof value === 'string' ? 2 : 0;
  const length = actualText.length + expectedText.length;
  if (length - quotes(actual) - quotes(expected) <= SHORT && (actual !== 0 || expected !== 0)) {
    return { head: '', text: `${actualText} !== ${expectedText}` };
  }
  let text = `\n+ ${actualText}\n- ${expectedText}`;
  if (length <= TERMINAL_WIDTH) {
    const at = [...actualText].findIndex((_, i) => actualText[i] !== expectedText[i]);
    if (at > 2) text += `\n${' '.repeat(at + 2)}^`;
  }
  return { head: '+ actual - expected', text };
}

const isObject = (value) => typeof value === 'object' && value !== null;

// `title`: the sentence above it, or undefined for the one that says what values of the same text are.
function diff(actual, expected, actualText, expectedText, titleOf) {
  const [left, right] = [actualText.split('\n'), expectedText.split('\n')];
  let title = titleOf();
  let shown;
  if (left.length === 1 && right.length === 1 && !(isObject(actual) && isObject(expected))) {
    shown = simpleDiff(actual, expected, actualText, expectedText);
  } else if (actualText === expectedText) {
    title = titleOf('notIdentical');
    const isLong = left.length >= MOST_LINES;
    const text = isLong ? `${left.slice(0, MOST_LINES).join('\n')}\n...}` : actualText;
    shown = { head: '', text, skipped: isLong };
  } else {
    const sameButComma = (a, b) => a === b || isObject(actual) && (`${a},` === b || a === `${b},`);
    shown = { head: '+ actual - expected', ...layOut(compareLines(left, right, sameButComma)) };
  }
  return `${title}\n${shown.head}${shown.skipped ? '\n... Skipped lines' : ''}\n${shown.text}\n`;
}

return { diff };
