'use strict';

// What only V8 knows about an object.
return native;
