exports.seen = { ...require('./first') };
