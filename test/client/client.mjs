// A client of an interface made from its OpenAPI document and nothing else: it asks each operation
// with what the examples say, and with what the document does not allow, and holds every answer to
// what the document says about it. It writes a line "ok - ..." or "not ok - ..." for each operation.
//
//   node client.mjs --document FILE (--socket PATH | --server URL --certificate FILE --key FILE --ca FILE)
//                   [--may ROLE,ROLE...] [--unmet ID,ID...]
//
// --may: the values of x-bindery-role that this client has; operations of another are refused with
// 403. --unmet: operations whose examples name what nobody has there, and which cannot succeed; all
// others must succeed once.
import {readFileSync} from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import {parseArgs} from 'node:util';
import {Document} from './document.mjs';
import {bad, badLines, build, good} from './requests.mjs';

const {values: options} = parseArgs({options: {
  document: {type: 'string'}, socket: {type: 'string'}, server: {type: 'string'}, certificate: {type: 'string'},
  key: {type: 'string'}, ca: {type: 'string'}, may: {type: 'string'}, unmet: {type: 'string', default: ''},
}});
const document = new Document(options.document);
const may = options.may?.split(',');
const unmet = options.unmet.split(',').filter(Boolean);
const agent = options.socket
  ? new http.Agent({keepAlive: true, maxSockets: 1})
  : new https.Agent({keepAlive: true, maxSockets: 1, cert: readFileSync(options.certificate), key: readFileSync(options.key),
    ca: readFileSync(options.ca), minVersion: 'TLSv1.3'});

// ---- asking ----

function once({method, target, headers, body}) {
  return new Promise((resolve, reject) => {
    const how = {method, headers: {...headers, ...(body !== undefined && {'Content-Length': Buffer.byteLength(body)})}, agent,
      path: target, timeout: 60000};
    const answered = (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('error', reject);
      answer.on('end', () => resolve({status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts).toString()}));
    };
    const request = options.socket
      ? http.request({...how, socketPath: options.socket}, answered)
      : https.request(new URL(options.server), how, answered);
    request.on('timeout', () => request.destroy(new Error('no answer within a minute')));
    request.on('error', reject);
    request.end(body);
  });
}

let asked = 0;
async function ask(request) {
  for (let again = 0; ; again++) {
    asked++;
    let answer;
    try {
      answer = await once(request);
    } catch (e) {
      if (e.code !== 'ECONNRESET' || again > 0) throw new Error(`${request.method} ${request.target}: ${e.message}`);
      continue; /* a connection that was at rest and is over */
    }
    if (![429, 503].includes(answer.status) || !answer.headers['retry-after'] || again > 20) return answer;
    await new Promise((wake) => setTimeout(wake, 1000 * Number(answer.headers['retry-after'])));
  }
}

// ---- judging ----

function judgeBody(media, type, answer) {
  if (/[/+]json$/.test(type)) {
    let value;
    try {
      value = JSON.parse(answer.body);
    } catch (e) {
      return `its body is not JSON: ${e.message}`;
    }
    if (type === 'application/problem+json' && value.status !== answer.status) return 'its body names another status';
    return document.fault(media.schema, value);
  }
  if (media.line) {
    for (const line of answer.body.split('\n').filter((each) => each.trim() !== '')) {
      const why = document.fault(media.line, JSON.parse(line));
      if (why) return `a line: ${why}`;
    }
    return null;
  }
  return media.schema ? document.fault(media.schema, answer.body) : null;
}

// Why an answer is not one that a response object of the document describes; null: it is.
function judge(response, answer) {
  for (const {name, required, pointer} of response.headers) {
    const value = answer.headers[name.toLowerCase()];
    if (value === undefined && required) return `it has no ${name}`;
    const why = value !== undefined && document.fault(pointer, value);
    if (why) return `its ${name}: ${why}`;
  }
  for (const name of Object.keys(answer.headers)) {
    if (name.startsWith('access-control-')) return `it has ${name}`;
  }
  const types = Object.keys(response.content);
  if (types.length === 0) return answer.body === '' ? null : 'it has a body';
  const type = (answer.headers['content-type'] ?? '').split(';')[0].trim();
  if (!types.includes(type)) return `it is of type '${type}', not ${types.join(' or ')}`;
  return judgeBody(response.content[type], type, answer);
}

function judgeOperation(operation, answer) {
  const response = operation.responses[answer.status] ?? operation.responses.default;
  if (!response) return 'the document has no such status there';
  return judge(response, answer);
}

const shown = (answer) => `${answer.status} ${answer.body.slice(0, 300)}`;
const problems = new Map();
function note(name, request, answer, why) {
  if (why) {
    const list = problems.get(name) ?? problems.set(name, []).get(name);
    list.push(`${request.method} ${request.target} ${request.what ?? ''}: ${why}\n#   ${shown(answer)}`);
  }
}

const refusedByRole = (operation) => may && !may.includes(operation.role);
const succeeded = new Set();

// ---- each kind of request ----

async function askGood(operation) {
  for (const request of good(operation)) {
    const answer = await ask(request);
    note(operation.id, request, answer, judgeOperation(operation, answer));
    if (refusedByRole(operation) !== (answer.status === 403) && may) {
      note(operation.id, request, answer, refusedByRole(operation) ? 'this role may not have it' : 'this role may have it');
    }
    if (answer.status < 300 && request.accept && !answer.headers['content-type']?.startsWith(request.accept)) {
      note(operation.id, request, answer, 'it is of another type than was asked for');
    }
    if (answer.status < 300) {
      succeeded.add(operation.id);
      await askAgain(operation, request, answer);
    }
  }
}

// Who has it already is told so, where the document says it.
async function askAgain(operation, request, answer) {
  if (operation.method !== 'GET' || !operation.responses[304] || !answer.headers.etag) return;
  const same = {...request, headers: {...request.headers, 'If-None-Match': answer.headers.etag}};
  const second = await ask(same);
  const changed = second.status === answer.status && second.headers.etag !== answer.headers.etag; /* meanwhile */
  const why = second.status === 304 || changed ? judgeOperation(operation, second) : 'it is not 304 to its own ETag';
  note(operation.id, {...same, what: `${request.what} with its ETag`}, second, why);
  const other = {...request, headers: {...request.headers, 'If-None-Match': '"surely-not"'}};
  const third = await ask(other);
  note(operation.id, {...other, what: `${request.what} with another ETag`}, third,
    third.status === answer.status ? judgeOperation(operation, third) : 'it is not the answer to another ETag');
}

async function askBad(operation) {
  for (const request of bad(document, operation)) {
    const answer = await ask(request);
    const wanted = refusedByRole(operation) ? [403, 400] : [400, 422];
    note(operation.id, request, answer,
      wanted.includes(answer.status) ? judgeOperation(operation, answer) : `it is not refused with ${wanted.join(' or ')}`);
  }
  for (const request of badLines(document, operation)) {
    const answer = await ask(request);
    note(operation.id, request, answer, judgeOperation(operation, answer));
  }
}

async function askOthers(name, pointer, requests) {
  const response = document.response(pointer);
  for (const {request, allow} of requests) {
    const answer = await ask(request);
    let why = judge(response, answer);
    if (!why && allow) {
      const said = answer.headers.allow.split(',').map((m) => m.trim()).sort().join();
      if (said !== allow.sort().join()) why = `Allow is ${said}, and the document has ${allow}`;
    }
    note(name, request, answer, why);
  }
}

function wrongMethods() {
  return Object.keys(document.root.paths).flatMap((path) => {
    const here = document.operations.filter((o) => o.path === path);
    const allow = here.map((o) => o.method);
    return ['GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS'].filter((m) => !allow.includes(m))
      .map((method) => ({request: {...build(here[0]), method, headers: {}}, allow: [...allow]}));
  });
}

function wrongPaths() {
  const others = ['/', '/v0', '/surely/not/here'].map((target) => ({request: {method: 'GET', target, headers: {}}}));
  const below = document.operations.map((o) => ({request: {...build(o), method: 'GET', headers: {}}}));
  for (const {request} of below) request.target += '/surely/not/here';
  return [...others, ...below];
}

// ---- all of it ----

const RANK = ['PUT', 'POST', 'PATCH', 'GET', 'DELETE'];
function inOrder() {
  const depth = (o) => o.path.split('/').length * (o.method === 'DELETE' ? -1 : 1);
  return [...document.operations].sort((a, b) => RANK.indexOf(a.method) - RANK.indexOf(b.method) || depth(a) - depth(b));
}

function checkExamples() {
  for (const o of document.operations) {
    const wrong = (what, why) => note(o.id, {method: o.method, target: o.path, what}, {status: 0, body: ''}, why);
    for (const p of o.parameters) {
      if (p.example !== undefined) wrong(`example of ${p.name}`, document.fault(p.pointer, p.example));
      else if (p.in === 'path' || p.required) wrong(p.name, 'it has no example');
    }
    if (o.body?.example === undefined) {
      if (o.body) wrong('body', 'it has no example');
    } else {
      const values = o.body.lines ? o.body.example.split('\n').filter(Boolean).map((l) => JSON.parse(l)) : [o.body.example];
      for (const v of values) wrong('example of the body', document.fault(o.body.pointer, v));
    }
  }
}

async function main() {
  const order = inOrder();
  checkExamples();
  for (const o of order.filter((each) => each.method === 'GET')) await askGood(o); /* nothing is there yet */
  for (const o of order.filter((each) => each.method !== 'DELETE')) await askGood(o);
  for (const o of order) await askBad(o);
  for (const o of order.filter((each) => each.method === 'DELETE')) await askGood(o);
  for (const o of order.filter((each) => each.method !== 'PUT')) await askGood(o); /* and now it is gone */
  await askOthers('other methods', '/x-bindery-other-method', wrongMethods());
  await askOthers('other paths', '/x-bindery-other-path', wrongPaths());
  for (const o of document.operations) {
    if (!refusedByRole(o) && succeeded.has(o.id) === unmet.includes(o.id)) {
      note(o.id, {method: o.method, target: o.path}, {status: 0, body: ''},
        unmet.includes(o.id) ? 'it succeeded' : 'it never succeeded');
    }
  }
  let failed = 0;
  for (const name of [...document.operations.map((o) => o.id), 'other methods', 'other paths']) {
    const list = problems.get(name) ?? [];
    console.log(`${list.length ? 'not ok' : 'ok'} - ${name}: every answer is as the document says`);
    for (const why of list.slice(0, 5)) console.log(`# ${why}`);
    if (list.length > 5) console.log(`# and ${list.length - 5} more`);
    failed += list.length > 0 ? 1 : 0;
  }
  console.log(`# ${asked} requests`);
  agent.destroy();
  process.exitCode = failed ? 1 : 0;
}
await main();
