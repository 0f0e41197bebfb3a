'use strict';

// What util offers of it.
const { format, formatAll, formatWithOptions } = load('inspect_format');
const { inspect } = load('inspect_value');

const { custom, defaultOptions } = inspect;
return { inspect, format, formatAll, formatWithOptions, custom, defaultOptions };
