// Groups what a JSON file has by a property: jsvm examples/js/summary.js examples/js/people.json city
// arguments: examples/js/people.json city
'use strict';

const { resolve } = require('path');

const [file = 'people.json', key = 'city'] = process.argv.slice(2);
const people = require(resolve(file));

const groups = Map.groupBy(people, (person) => person[key]);
console.log(new Map([...groups].map(([name, members]) => [name, {
  count: members.length,
  age: members.reduce((sum, { age }) => sum + age, 0) / members.length,
  names: members.map(({ name }) => name).sort(),
}])));
