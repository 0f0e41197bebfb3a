// A template engine in thirty lines: text with {{ expressions }} and {% statements %} becomes a function.
'use strict';

const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (value) => String(value).replace(/[&<>"]/g, (character) => escapes[character]);

function compile(template) {
  let body = 'let out = "";';
  let at = 0;
  for (const match of template.matchAll(/\{\{([\s\S]+?)\}\}|\{%([\s\S]+?)%\}\n?/g)) {
    body += `out += ${JSON.stringify(template.slice(at, match.index))};`;
    body += match[1] === undefined ? match[2] : `out += escape(${match[1]});`;
    at = match.index + match[0].length;
  }
  body += `return out + ${JSON.stringify(template.slice(at))};`;
  return (data) => new Function('escape', ...Object.keys(data), body)(escape, ...Object.values(data));
}

const page = compile(`<h1>{{ title }}</h1>
<ul>
{% for (const { name, price } of goods) { %}
  <li>{{ name }}: {{ price.toFixed(2) }}{% if (price > 100) { %} (dear){% } %}</li>
{% } %}
</ul>`);

console.log(page({
  title: 'Nuts & bolts',
  goods: [{ name: 'M3 <short>', price: 1.5 }, { name: 'Gold plated', price: 250 }],
}));
