// A receiver of webhooks: writes what came into a folder, and answers with the status that the file
// `answer` there says, 204 without it.
//
//   node webhook_receiver.mjs FOLDER PORT CERTIFICATE KEY
//
// N.signed has the octets that are signed (ID.TIMESTAMP.BODY), N.signature the header, and `list` a
// line for each message: N, status, id of the event, its name, webhook-id.
import {appendFileSync, existsSync, readFileSync, writeFileSync} from 'node:fs';
import https from 'node:https';

const [folder, port, certificate, key] = process.argv.slice(2);
const list = `${folder}/list`;
let n = existsSync(list) ? readFileSync(list, 'utf8').split('\n').length - 1 : 0;

function take(request, body) {
  const {'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature} = request.headers;
  const answer = `${folder}/answer`;
  const status = existsSync(answer) ? Number(readFileSync(answer, 'utf8')) : 204;
  const message = JSON.parse(body);
  n++;
  writeFileSync(`${folder}/${n}.signed`, Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]));
  writeFileSync(`${folder}/${n}.signature`, signature);
  appendFileSync(list, `${n} ${status} ${message.data.id} ${message.type} ${id}\n`);
  return status;
}

const server = https.createServer({cert: readFileSync(certificate), key: readFileSync(key), minVersion: 'TLSv1.3'},
  (request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      response.statusCode = take(request, Buffer.concat(parts));
      response.end();
    });
  });
server.listen(Number(port), '127.0.0.1', () => writeFileSync(`${folder}/ready`, ''));
