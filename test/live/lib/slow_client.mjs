// test/live/lib/slow_client.mjs - clients of a Unix socket that do not behave: SOCKET and what they do.
import net from "node:net";

const [path, what] = process.argv.slice(2);
const chunk = Buffer.alloc(65536, 0x20);
const post = "POST /v1/import HTTP/1.1\r\nHost: x\r\n";

const open = () => new Promise((done, failed) => {
  const s = net.connect(path, () => done(s));
  s.on("error", failed);
});
const ended = s => new Promise(done => s.on("close", done).on("error", () => {}));

// Writes until the other side ends it.
async function endless(head, next) {
  const s = await open(), end = ended(s);
  let over = false;
  end.then(() => { over = true; });
  s.on("data", () => {});
  s.write(head);
  while (!over) {
    if (!s.write(next)) {
      await Promise.race([end, new Promise(done => s.once("drain", done))]);
    }
    await new Promise(done => setImmediate(done));
  }
}

async function many(n, each) {
  for (let i = 0; i < n; i++) {
    await each(await open());
  }
}

const turn = ms => new Promise(done => setTimeout(done, ms));
const scenes = {
  endless: () => endless(post + "Transfer-Encoding: chunked\r\n\r\n", Buffer.concat([Buffer.from("10000\r\n"), chunk, Buffer.from("\r\n")])),
  header: () => endless("GET /v1/status HTTP/1.1\r\nHost: x\r\nX: ", chunk),
  leave: () => many(200, async s => { s.write(post + "Content-Length: 1000000\r\n\r\n{"); await turn(2); s.destroy(); }),
  half: () => many(200, async s => { s.write(post + "Content-Length: 500000\r\n\r\n"); s.write(Buffer.alloc(400000, 0x20)); await turn(5); s.destroy(); }),
  unread: () => many(200, async s => { s.pause(); s.write("GET /v1/subscribers?limit=1000 HTTP/1.1\r\nHost: x\r\n\r\n".repeat(3)); await turn(5); s.destroy(); }),
  silent: async () => {
    const all = await Promise.all(Array.from({ length: 40 }, open));
    console.log("connected");
    await Promise.all(all.map(ended));
  },
};
await scenes[what]();
