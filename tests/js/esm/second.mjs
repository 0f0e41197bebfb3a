globalThis.order.push("second"); await 1; globalThis.order.push("second after"); export {}
