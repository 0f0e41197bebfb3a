const a = 1, b = 2; module.exports = { a, b, c: a, 'd e': b };
