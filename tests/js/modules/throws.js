
  throw new RangeError('from the file');
