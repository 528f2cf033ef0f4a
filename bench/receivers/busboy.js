// Receives one upload after the other by busboy (Express, Fastify and Nest read forms by it) and says what it found.
// Usage: node busboy.js PORT, with busboy where Node finds it (NODE_PATH).
"use strict";
const { createHash } = require("crypto");
const http = require("http");
const busboy = require("busboy");

http
  .createServer((request, response) => {
    const parts = [];
    const form = busboy({ headers: request.headers });
    form.on("field", (name, value) => {
      const content = Buffer.from(value, "utf8");
      const sha256 = createHash("sha256").update(content).digest("hex");
      parts.push({ name, file_name: null, media_type: null, size: content.length, sha256 });
    });
    form.on("file", (name, stream, info) => {
      const hash = createHash("sha256");
      const part = { name, file_name: info.filename, media_type: info.mimeType, size: 0, sha256: "" };
      parts.push(part);
      stream.on("data", (chunk) => {
        hash.update(chunk);
        part.size += chunk.length;
      });
      stream.on("end", () => {
        part.sha256 = hash.digest("hex");
      });
    });
    form.on("error", (error) => {
      response.writeHead(400, { "Content-Type": "application/json" });
      response.end(JSON.stringify({ detail: String(error) }));
    });
    form.on("close", () => {
      response.writeHead(201, { "Content-Type": "application/json" });
      response.end(JSON.stringify({ asset_id: "busboy", parts }));
    });
    request.pipe(form);
  })
  .listen(Number(process.argv[2]), "127.0.0.1");
