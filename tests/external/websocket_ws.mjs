// A WebSocket server of npm's `ws`, and what it saw. See websocket.py, whose server does the same.
//
//   node websocket_ws.mjs RECORD
//
// Prints its port. Each connection that ends is a line of JSON in the file RECORD.
import fs from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_TOOLS}/`);
const { WebSocketServer } = require("ws");
const record = process.argv[2];
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: 0,
  maxPayload: 1 << 24,
  perMessageDeflate: { threshold: 0 },
  handleProtocols: (offered) => (offered.has("v2.feed") ? "v2.feed" : false),
});
server.on("listening", () => console.log(server.address().port));
server.on("connection", async (socket, request) => {
  const path = request.url;
  const stream = socket._socket;
  const seen = {
    path, extensions: socket.extensions, subprotocol: socket.protocol || null, user: request.headers["x-user"] ?? null,
    messages: 0, bytes: 0, compressed: 0, pongs: 0, pongs_before_message: 0, code: null, clean: false,
  };
  const deflate = socket._receiver._extensions["permessage-deflate"];
  if (deflate) {
    const decompress = deflate.decompress.bind(deflate);
    deflate.decompress = (...rest) => { seen.compressed += 1; return decompress(...rest); };
  }
  socket.on("pong", (data) => { if (data.toString().startsWith("ping ")) seen.pongs += 1; });
  socket.on("close", (code) => {
    seen.code = code;
    seen.clean = code !== 1006;
    seen.read = stream.bytesRead;
    fs.appendFileSync(record, JSON.stringify(seen) + "\n");
  });
  socket.on("message", async (data, binary) => {
    seen.messages += 1;
    seen.bytes += data.length;
    seen.pongs_before_message = seen.pongs;
    if (path === "/feed") {
      const { ask } = JSON.parse(data);
      for (const number of [1, 2]) socket.send(JSON.stringify({ type: "quote", number }));
      socket.send(JSON.stringify({ type: "reply", ask }));
      socket.send(JSON.stringify({ type: "quote", number: 3 }));
    } else if (path === "/large") {
      const half = Math.floor(data.length / 2);
      socket.send(data.subarray(0, half), { binary, fin: false });
      socket.send(data.subarray(half), { binary, fin: true });
    } else {
      socket.send(data, { binary });
    }
  });
  if (path === "/feed") for (const number of [1, 2, 3]) socket.send(JSON.stringify({ type: "reply", ask: -number }));
  const close = /^\/close\/(\d+)$/.exec(path);
  if (close) socket.close(Number(close[1]), `told ${close[1]}`);
  if (path === "/ping") {
    for (let number = 0; number < 4; number += 1) {
      socket.ping(`ping ${number}`);
      await pause(100);
    }
  }
});
