// OpenAPI documents themselves, each file that is named: its structure by the schema that the OpenAPI
// Initiative publishes for 3.1, its schemas by that of JSON Schema 2020-12, references, examples, and
// nothing that nobody refers to. It writes a line "ok - ..." or "not ok - ..." for each.
//
//   node check.mjs [--administration FILE]... [FILE...]
//
// --administration: also what this document has beyond that: a role and an operationId of its own for
// each operation, and no object that takes members which it does not name.
import {basename} from 'node:path';
import {parseArgs} from 'node:util';
import {Validator} from '@seriousme/openapi-schema-validator';
import Ajv2020 from 'ajv/dist/2020.js';
import {Document, METHODS, escaped} from './document.mjs';

const {values: options, positionals: files} =
  parseArgs({options: {administration: {type: 'string', multiple: true, default: []}}, allowPositionals: true});
const ROLES = ['reader', 'provisioner', 'administrator'];
const ajv = new Ajv2020.default({strict: false});

// Every object and list of a document with its pointer.
function* nodes(node, pointer = '') {
  if (typeof node !== 'object' || node === null) return;
  yield [node, pointer];
  for (const [key, value] of Object.entries(node)) yield* nodes(value, `${pointer}/${escaped(key)}`);
}

function* schemas(root) {
  for (const [node, pointer] of nodes(root)) {
    const named = /^\/components\/schemas\/[^/]+$/.test(pointer);
    if (named || /\/(schema|x-bindery-line)$/.test(pointer)) yield [node, pointer];
  }
}

async function structure(document) {
  const {valid, errors} = await new Validator().validate(structuredClone(document.root));
  return valid ? [] : [errors].flat().map((e) => typeof e === 'string' ? e : `${e.instancePath} ${e.message}`);
}

function references(document) {
  const wrong = [];
  const used = new Set();
  for (const [node, pointer] of nodes(document.root)) {
    if (typeof node.$ref !== 'string') continue;
    used.add(node.$ref);
    try {
      document.follow(node, pointer);
    } catch (e) {
      wrong.push(e.message);
    }
  }
  for (const [kind, all] of Object.entries(document.root.components ?? {})) {
    if (kind === 'securitySchemes') continue;
    for (const name of Object.keys(all)) {
      if (!used.has(`#/components/${kind}/${name}`)) wrong.push(`nothing refers to /components/${kind}/${name}`);
    }
  }
  return wrong;
}

function schemaFaults(document) {
  const wrong = [];
  for (const [schema, pointer] of schemas(document.root)) {
    if (!ajv.validateSchema(schema)) wrong.push(`${pointer}${ajv.errors[0].instancePath} ${ajv.errors[0].message}`);
    for (const example of [schema.example, ...(schema.examples ?? [])].filter((each) => each !== undefined)) {
      const why = document.fault(pointer, example);
      if (why) wrong.push(`${pointer}, its example: ${why}`);
    }
  }
  return wrong;
}

function examples(document) {
  const wrong = [];
  for (const o of document.operations) {
    for (const p of o.parameters.filter((each) => each.example !== undefined)) {
      const why = document.fault(p.pointer, p.example);
      if (why) wrong.push(`${o.method} ${o.path}, example of ${p.name}: ${why}`);
    }
    for (const name of o.path.matchAll(/\{([^}]*)\}/g)) {
      if (!o.parameters.some((p) => p.in === 'path' && p.name === name[1])) wrong.push(`${o.path}: nothing says what ${name[0]} is`);
    }
  }
  return wrong;
}

// Parts that stand in an allOf which takes nothing beside them.
function closedAround(root) {
  const closed = new Set();
  for (const [node, pointer] of nodes(root)) {
    if (node.unevaluatedProperties !== false) continue;
    (node.allOf ?? []).forEach((part, i) => closed.add(part.$ref?.slice(1) ?? `${pointer}/allOf/${i}`));
  }
  return closed;
}

function administration(document) {
  const wrong = [];
  const ids = new Set();
  for (const [path, item] of Object.entries(document.root.paths)) {
    for (const method of METHODS.filter((m) => item[m])) {
      const {operationId: id, 'x-bindery-role': role} = item[method];
      if (!id || ids.has(id)) wrong.push(`${method} ${path} has no operationId of its own`);
      if (!ROLES.includes(role)) wrong.push(`${method} ${path} has the role ${role}`);
      ids.add(id);
    }
  }
  const closed = closedAround(document.root);
  for (const [node, pointer] of nodes(document.root)) {
    const open = node.type === 'object' && (node.additionalProperties ?? node.unevaluatedProperties) === undefined;
    if (open && !closed.has(pointer)) wrong.push(`${pointer} takes any other member`);
  }
  return wrong;
}

const parts = [['is OpenAPI 3.1', structure], ['leads nowhere but into itself', references],
  ['has schemas of JSON Schema 2020-12', schemaFaults], ['names its parameters, with good examples', examples]];
const more = [['has a role for each operation and closed objects', administration]];
for (const file of [...options.administration, ...files]) {
  const document = new Document(file);
  for (const [what, look] of [...parts, ...(options.administration.includes(file) ? more : [])]) {
    const wrong = await look(document);
    console.log(`${wrong.length ? 'not ok' : 'ok'} - ${basename(file)} ${what}`);
    for (const why of wrong.slice(0, 5)) console.log(`# ${why}`);
    if (wrong.length > 0) process.exitCode = 1;
  }
}
