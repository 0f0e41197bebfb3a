// An error that nobody catches ends the program, after 'exit'.
// status: 1
// stderr: ^    at .*later \(.*/tests/js/uncaught.js:7:9\)$

process.on('exit', (code) => console.log('exit', code));
setTimeout(function later() {
  throw new RangeError('nobody catches this');
});
setTimeout(() => console.log('not reached'), 10);
