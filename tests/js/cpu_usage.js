const before = process.cpuUsage();
let since;
// It has to grow while the program works; a timer of the test's ends what waits for ever.
do since = process.cpuUsage(before); while (since.user + since.system < 5000);
console.log(Object.keys(since), Number.isInteger(since.user) && since.user >= 0 && since.system >= 0);
for (const wrong of [1, null, [], {}, { user: 1, system: 'a' }, { user: NaN, system: 0 }, { user: 0, system: -1 }]) {
  try {
    process.cpuUsage(wrong);
  } catch (error) {
    console.log(error.name, error.code, error.message);
  }
}
