exports.early = 1;
exports.second = require('./second');
exports.late = 2;
