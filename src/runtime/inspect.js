'use strict';

// What util offers of it.
const { format, formatAll, formatWithOptions } = load('inspect_format');
const { inspect } = load('inspect_value');

return { inspect, format, formatAll, formatWithOptions, custom: inspect.custom, defaultOptions: inspect.defaultOptions };
