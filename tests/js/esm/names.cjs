exports.plain = 1;
exports['in brackets'] = 2;
Object.defineProperty(exports, 'defined', { enumerable: true, value: 3 });
// exports.comment = 4;
const text = "exports.text = 5";
module.exports.full = text;
exports.default = 'default of its own';
