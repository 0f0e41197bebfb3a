module.exports = 'found to be CommonJS: ' + typeof require;
