globalThis.order = [];
process.nextTick(() => order.push('first tick'));
