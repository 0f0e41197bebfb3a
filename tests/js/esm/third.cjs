globalThis.order.push("third"); exports.third = 3
