// status: 1
// stderr: ^RangeError: out of the module
process.on('exit', (code) => console.log('exit', code));
process.on('unhandledRejection', () => console.log('never'));
process.on('uncaughtExceptionMonitor', (error, origin) => console.log(error.message, origin));
await 1;
throw new RangeError('out of the module');
