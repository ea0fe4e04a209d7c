#!/usr/bin/env node
// Starts the binary from the package for this platform. The binary gets the arguments, the standard streams, the
// environment and every signal; its exit code is ours.
'use strict';

const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');

// As loadplan's own: an internal error. 1 would be taken for a failed run.
const CANNOT_START = 4;

const { optionalDependencies: platforms } = require('../package.json');
const platform = `${process.platform}-${process.arch}`;
const name = `@loadplan/${platform}`;

function fail(message) {
  console.error(`error: ${message}\nOther ways to install loadplan: https://github.com/@REPOSITORY@/blob/main/docs/install.md`);
  process.exit(CANNOT_START);
}

function find() {
  if (!(name in platforms)) {
    const known = Object.keys(platforms).map((other) => other.replace('@loadplan/', ''));
    fail(`the npm package loadplan has no binary for ${platform}, only for ${known.join(', ')}.`);
  }
  try {
    return require.resolve(`${name}/bin/loadplan${process.platform === 'win32' ? '.exe' : ''}`);
  } catch {
    return fail(
      `the package ${name}, which holds the binary, is not installed. This happens when npm omits optional\n` +
        'dependencies, or when node_modules was copied from another platform. Delete node_modules and install again\n' +
        'without --omit=optional (--no-optional in older versions).'
    );
  }
}

function run(binary, args) {
  const child = spawn(binary, args, { stdio: 'inherit' });
  child.on('error', (error) => fail(`cannot start ${binary}: ${error.message}`));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
  // On Windows Ctrl-C reaches the binary by itself, and kill() would end it at once.
  const pass = process.platform === 'win32' ? () => {} : (signal) => child.kill(signal);
  for (const signal of signals) process.on(signal, pass);
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    for (const handled of signals) process.removeListener(handled, pass);
    process.exitCode = 128 + os.constants.signals[signal];
    process.kill(process.pid, signal);
  });
}

const binary = find();
const args = process.argv.slice(2);
try {
  fs.accessSync(binary, fs.constants.X_OK);
} catch (error) {
  fail(`cannot start ${binary}: ${error.message}`);
}
// Newer versions of Node.js can become the binary, so that no second process stands beside the load generator.
if (process.platform !== 'win32' && process.execve) process.execve(binary, [binary, ...args], process.env);
else run(binary, args);
