globalThis.order.push("first"); export {}
