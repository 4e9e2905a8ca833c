import jsonata = require('jsonata')
export = jsonata
