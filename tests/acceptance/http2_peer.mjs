// Somebody else's HTTP/2 (Node.js) with WebSocket frames made by hand, as client and as server.
//
//   node http2_peer.mjs client ADDRESS [CERTIFICATE]   tries a server, prints what it saw as JSON
//   node http2_peer.mjs server [CERTIFICATE]           prints its port, and echoes until it is ended

import http2 from "node:http2";
import { readFileSync } from "node:fs";
import { randomBytes } from "node:crypto";

const TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10;

function encode(opcode, payload, mask) {
  const length = payload.length;
  const head = length < 126 ? Buffer.alloc(2) : length < 65536 ? Buffer.alloc(4) : Buffer.alloc(10);
  head[0] = 0x80 | opcode;
  if (length < 126) head[1] = length;
  else if (length < 65536) { head[1] = 126; head.writeUInt16BE(length, 2); }
  else { head[1] = 127; head.writeBigUInt64BE(BigInt(length), 2); }
  if (!mask) return Buffer.concat([head, payload]);
  head[1] |= 0x80;
  const key = randomBytes(4);
  return Buffer.concat([head, key, payload.map((byte, at) => byte ^ key[at % 4])]);
}

// Calls back with every whole frame: opcode, payload, whether it was masked.
function decoder(onFrame) {
  let buffer = Buffer.alloc(0);
  return (chunk) => {
    buffer = Buffer.concat([buffer, chunk]);
    for (;;) {
      if (buffer.length < 2) return;
      let length = buffer[1] & 0x7f, at = 2;
      if (length === 126) { if (buffer.length < 4) return; length = buffer.readUInt16BE(2); at = 4; }
      else if (length === 127) {
        if (buffer.length < 10) return;
        length = Number(buffer.readBigUInt64BE(2)); at = 10;
      }
      const masked = Boolean(buffer[1] & 0x80);
      if (buffer.length < at + length + (masked ? 4 : 0)) return;
      let payload;
      if (masked) {
        const key = buffer.subarray(at, at + 4);
        payload = buffer.subarray(at + 4, at + 4 + length).map((byte, i) => byte ^ key[i % 4]);
        at += 4;
      } else payload = Buffer.from(buffer.subarray(at, at + length));
      const opcode = buffer[0] & 0x0f;
      buffer = buffer.subarray(at + length);
      onFrame(opcode, payload, masked);
    }
  };
}

// ------------------------------------------------------------------------------------ the client

function websocket(session, path, headers = {}) {
  const stream = session.request({
    ":method": "CONNECT", ":protocol": "websocket", ":path": path,
    "sec-websocket-version": "13", ...headers,
  });
  const waiting = [], frames = [];
  const socket = {
    stream,
    opened: new Promise((resolve, reject) => {
      stream.on("response", resolve);
      stream.on("error", reject);
    }),
    ended: new Promise((resolve) => stream.on("close", () => resolve(stream.rstCode))),
    send: (opcode, payload) => stream.write(encode(opcode, Buffer.from(payload), true)),
    next: () => frames.length ? Promise.resolve(frames.shift())
      : new Promise((resolve) => waiting.push(resolve)),
  };
  stream.on("data", decoder((opcode, payload, masked) => {
    const frame = { opcode, payload, masked };
    waiting.length ? waiting.shift()(frame) : frames.push(frame);
  }));
  return socket;
}

async function body(stream) {
  let text = "";
  for await (const chunk of stream) text += chunk;
  return text;
}

async function get(session, path) {
  const stream = session.request({ ":path": path });
  const headers = await new Promise((resolve) => stream.on("response", resolve));
  return [headers[":status"], await body(stream)];
}

async function client(address, certificate) {
  const saw = {};
  const session = http2.connect(address, certificate ? { ca: readFileSync(certificate) } : {});
  const settings = await new Promise((resolve) => session.on("remoteSettings", resolve));
  saw.offered = settings.enableConnectProtocol;

  const socket = websocket(session, "/echo?a=b", { "sec-websocket-protocol": "other, chat" });
  const headers = await socket.opened;
  saw.status = headers[":status"];
  saw.subprotocol = headers["sec-websocket-protocol"];
  saw.echoed = [];
  for (const size of [0, 5, 126, 70000, 1 << 20]) {
    const sent = randomBytes(size);
    socket.send(BINARY, sent);
    const frame = await socket.next();
    saw.echoed.push(frame.opcode === BINARY && !frame.masked && frame.payload.equals(sent));
  }
  socket.send(PING, "are you there");
  const pong = await socket.next();
  saw.pong = [pong.opcode === PONG, pong.payload.toString()];

  const others = Array.from({ length: 20 }, (_, number) => websocket(session, `/${number}`));
  for (const other of others) other.send(TEXT, "hello");
  const answers = await Promise.all(others.map((other) => other.next()));
  saw.others = answers.filter((frame) => frame.payload.toString() === "hello").length;
  saw.page = await get(session, "/page");

  socket.send(CLOSE, Buffer.from([0x03, 0xe8]));
  const close = await socket.next();
  saw.close = [close.opcode === CLOSE, close.payload.readUInt16BE(0)];
  socket.stream.end();
  saw.code = await socket.ended;

  const refused = websocket(session, "/refused");
  saw.refused = [(await refused.opened)[":status"], await body(refused.stream)];
  for (const other of others) other.stream.close(http2.constants.NGHTTP2_CANCEL);
  await Promise.all(others.map((other) => other.ended));
  session.close();
  console.log(JSON.stringify(saw));
}

// ------------------------------------------------------------------------------------ the server

function server(certificate) {
  const settings = { enableConnectProtocol: true };
  const pem = certificate && readFileSync(certificate);
  const listener = certificate
    ? http2.createSecureServer({ settings, key: pem, cert: pem })
    : http2.createServer({ settings });
  listener.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    if (headers[":protocol"] !== "websocket" || headers[":path"] === "/refused") {
      stream.respond({ ":status": 403, "x-why": "because" });
      stream.end("not here");
      return;
    }
    if (headers[":path"] === "/reset") {
      stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
    const offered = headers["sec-websocket-protocol"];
    stream.respond({
      ":status": 200,
      ...(offered ? { "sec-websocket-protocol": offered.split(", ").at(-1) } : {}),
    });
    stream.on("end", () => stream.end());
    stream.on("data", decoder((opcode, payload, masked) => {
      if (!masked) stream.close(http2.constants.NGHTTP2_PROTOCOL_ERROR);
      else if (payload.toString() === "vanish") stream.close(http2.constants.NGHTTP2_CANCEL);
      else if (payload.toString() === "end") stream.end();
      else if (opcode === CLOSE) stream.end(encode(CLOSE, payload, false));
      else stream.write(encode(opcode === PING ? PONG : opcode, payload, false));
    }));
  });
  listener.listen(0, "127.0.0.1", () => console.log(listener.address().port));
}

const [mode, ...rest] = process.argv.slice(2);
if (mode === "client") await client(...rest);
else server(...rest);
