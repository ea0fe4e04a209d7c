// Loops go on until BENCH_SECONDS after the start.
'use strict';
const end = Date.now() + 1000 * Number(process.env.BENCH_SECONDS);
module.exports = { keepGoing: (context, next) => next(Date.now() < end) };
