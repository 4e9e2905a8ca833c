// Loads JSONata when the first expression is compiled: it takes a third or more of an isolate's start-up time, and most
// relays have no expression. Its own minified build is smaller than what the bundler makes of it. CommonJS, because only `require` loads a module late and synchronously.

/** @type {import('jsonata')} */
module.exports = (...args) => require('jsonata/jsonata.min.js')(...args)
