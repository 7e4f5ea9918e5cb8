// A product that has its launches counted. Node.js, and Electron's main process.
'use strict';

// -- exitpoll: begin
/** Counts this launch. Returns at once, and throws nothing. */
function startExitpollAgent() {
  try {
    const path = require('path');
    // Electron: beside the program, where electron-builder's `extraFiles` puts it.
    const product = process.versions.electron ? path.dirname(process.execPath) : __dirname;
    const folder = path.join(product, 'exitpoll');
    const name = process.platform === 'win32' ? 'exitpoll-agentw.exe' : 'exitpoll-agent';
    const agent = require('child_process').spawn(path.join(folder, name), ['launch'], {
      cwd: folder,
      detached: true, // a session of its own
      stdio: 'ignore',
      windowsHide: true,
    });
    agent.on('error', () => {}); // not counted; the product goes on
    agent.unref();
  } catch {
    // As above.
  }
}
// -- exitpoll: end

startExitpollAgent(); // exitpoll: the call
console.log('Inkwell: nothing to write about yet');
