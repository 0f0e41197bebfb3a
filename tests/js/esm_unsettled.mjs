// status: 13
// stderr: ^Warning: Detected unsettled top-level await at file://.*/tests/js/esm_unsettled.mjs:8
process.on('exit', (code) => console.log('exit', code, process.exitCode));
process.on('beforeExit', (code) => console.log('beforeExit', code));
await 1;
console.log('before');
setTimeout(() => console.log('timer'), 1);
await new Promise(() => {});
