throw new TypeError('thrown')
