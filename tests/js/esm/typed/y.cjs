module.exports = 'cjs in typed'
