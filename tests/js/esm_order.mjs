// The order in which modules, ticks and microtasks run.
import './esm/order_setup.mjs';
import './esm/first.mjs';
import './esm/third.cjs';
import './esm/second.mjs';
import './esm/first.mjs';
order.push('main');
process.nextTick(() => order.push('tick'));
Promise.resolve().then(() => order.push('microtask'));
setTimeout(() => order.push('timer'), 1);
process.on('beforeExit', () => console.log(order.join()));
await null;
order.push('main after');
