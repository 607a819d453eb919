// The requests that a document describes: good ones out of its examples, and others that differ from
// these in one thing that the document does not allow.

const WRONG = ['!', 'x', '', '0', '-1', '99999999999999999999999999', 'surely-not-a-value'];
const WRONG_JSON = [{}, [], 'surely not', '', 17, -1, 0.5, true, null];

const text = (value) => encodeURIComponent(String(value)).replaceAll('%2C', ',');

// A parameter arrives as text; where its schema is of numbers, digits are one.
function fault(document, parameter, value) {
  const number = /^-?[0-9]{1,15}$/.test(value) ? Number(value) : value;
  const numeric = [parameter.schema.type].flat().includes('integer');
  return document.fault(parameter.pointer, numeric ? number : value);
}

export function build(operation, {path = {}, query = {}, headers = {}, body} = {}) {
  let target = operation.path;
  for (const p of operation.parameters.filter((each) => each.in === 'path')) {
    target = target.replace(`{${p.name}}`, text(path[p.name] ?? p.example));
  }
  const asked = Object.entries(query).map(([name, value]) => `${text(name)}=${text(value)}`);
  if (body !== undefined) headers = {...headers, 'Content-Type': operation.body?.type ?? 'application/json'};
  return {method: operation.method, target: target + (asked.length > 0 ? `?${asked.join('&')}` : ''), headers,
    body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body)};
}

// Of what an operation answers when it did what it was asked, where it has several: all but the first.
function otherTypes(operation) {
  const done = Object.entries(operation.responses).filter(([status]) => /^2/.test(status));
  return done.flatMap(([, response]) => Object.keys(response.content).slice(1));
}

export function* good(operation) {
  const body = operation.body?.example;
  const needed = operation.parameters.filter((p) => p.in === 'query' && p.required);
  const query = Object.fromEntries(needed.map((p) => [p.name, p.example]));
  yield {what: 'as in the example', ...build(operation, {query, body})};
  for (const p of operation.parameters.filter((each) => each.in === 'query' && each.example !== undefined)) {
    yield {what: `with ${p.name}`, ...build(operation, {query: {...query, [p.name]: p.example}, body})};
  }
  for (const type of otherTypes(operation)) {
    yield {what: `as ${type}`, accept: type, ...build(operation, {query, body, headers: {Accept: type}})};
  }
  if (operation.body && !operation.body.required) {
    yield {what: 'without a body', ...build(operation, {query})};
  }
}

function* badParameters(document, operation) {
  const body = operation.body?.example;
  const name = 'surely_no_parameter';
  yield {what: 'with an unknown parameter', ...build(operation, {query: {[name]: '1'}, body})};
  for (const p of operation.parameters) {
    const edges = [p.schema.minimum - 1, p.schema.maximum + 1].filter(Number.isFinite).map(String);
    for (const value of [...edges, ...WRONG]) {
      if ((p.in !== 'query' && value === '') || fault(document, p, value) === null) continue;
      const part = {path: 'path', query: 'query', header: 'headers'}[p.in];
      yield {what: `with ${p.name} '${value}'`, ...build(operation, {[part]: {[p.name]: value}, body})};
      if (p.in === 'path') break; /* the other parts of an address are not looked at further */
    }
  }
}

function* badBodies(document, operation) {
  const {body} = operation;
  if (!body || body.lines) return;
  const make = (what, value) => ({what, ...build(operation, {body: value})});
  yield make('with a body that ends too early', '{');
  yield make('with a body that is no JSON', 'surely not');
  if (body.required) yield make('without its body', undefined);
  const variants = WRONG_JSON.filter((v) => typeof v !== 'object' || v === null || Array.isArray(v))
    .map((v) => [`with the body ${JSON.stringify(v)}`, v]);
  for (const name of Object.keys(body.example ?? {})) {
    const {[name]: unused, ...rest} = body.example;
    variants.push([`without ${name}`, rest]);
  }
  for (const name of document.members(body.pointer).keys()) {
    for (const value of WRONG_JSON) {
      variants.push([`with ${name} ${JSON.stringify(value)}`, {...body.example, [name]: value}]);
    }
  }
  variants.push(['with an unknown member', {...body.example, surely_no_member: 1}]);
  for (const [what, value] of variants) {
    if (document.fault(body.pointer, value) !== null) yield make(what, JSON.stringify(value));
  }
}

export function* bad(document, operation) {
  yield* badParameters(document, operation);
  yield* badBodies(document, operation);
}

// Rows of a body in lines that are not as they should be: the request is good, they are not.
export function* badLines(document, operation) {
  const {body} = operation;
  if (!body?.lines) return;
  const [first] = body.example.split('\n');
  for (const line of ['{', '[]', '{"surely_no_member":1}', ...WRONG_JSON.map((v) => JSON.stringify(v))]) {
    yield {what: `with the line ${line}`, ...build(operation, {body: `${line}\n${first}\n`})};
  }
  if (body.most) yield {what: 'with more than a body may have', ...build(operation, {body: `${' '.repeat(body.most)}\n`})};
}
