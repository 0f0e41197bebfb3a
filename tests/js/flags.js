// What stands before the file is jsvm's and V8's, what stands after it is the program's.
// args: --expose-gc --experimental-vm-modules --timeout 50000
// arguments: a --b

console.log(typeof gc, process.argv.slice(2), process.execArgv);
