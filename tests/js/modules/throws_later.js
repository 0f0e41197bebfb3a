module.exports = (async () => {
  await null;
  throw new Error('later');
})();
