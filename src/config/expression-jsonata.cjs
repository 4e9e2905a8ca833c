// JSONata, read when the first expression is compiled: it is a third or more of what an isolate takes to start, and most
// relays have no expression. CommonJS, as only `require` reads a module late and at once.

/** @type {import('jsonata')} */
module.exports = (...args) => require('jsonata')(...args)
