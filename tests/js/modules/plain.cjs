exports.plain = __filename.endsWith('plain.cjs');
