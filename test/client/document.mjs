// An OpenAPI document as a client needs it: its operations, their requests, and what their answers
// must be. Nothing stands here that is not in the document.
import {readFileSync} from 'node:fs';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import {parse} from 'yaml';

export const METHODS = ['get', 'put', 'post', 'patch', 'delete'];

export const escaped = (step) => step.replaceAll('~', '~0').replaceAll('/', '~1');

export class Document {
  constructor(file) {
    this.root = parse(readFileSync(file, 'utf8'), {maxAliasCount: 0});
    if (!/^3\.1\./.test(this.root.openapi)) throw new Error(`${file} is not OpenAPI 3.1`);
    this.ajv = new Ajv2020.default({strict: false, allErrors: false, validateSchema: false});
    addFormats.default(this.ajv);
    this.ajv.addSchema(this.root, 'document');
    this.compiled = new Map();
    this.operations = this.#operations();
  }

  // What stands at a JSON pointer; a $ref on the way is followed. Returns the pointer too.
  at(pointer) {
    let node = this.root;
    let here = '';
    for (const step of pointer.split('/').slice(1)) {
      [node, here] = this.follow(node, here);
      node = node?.[step.replaceAll('~1', '/').replaceAll('~0', '~')];
      if (node === undefined) throw new Error(`there is no ${pointer}`);
      here += `/${step}`;
    }
    return this.follow(node, here);
  }

  follow(node, here) {
    if (typeof node?.$ref !== 'string') return [node, here];
    if (!node.$ref.startsWith('#/')) throw new Error(`${here}: ${node.$ref} leads out of the document`);
    return this.at(node.$ref.slice(1));
  }

  // Why a value is not as the schema at a pointer wants it; null: it is.
  fault(pointer, value) {
    if (!this.compiled.has(pointer)) {
      const uri = pointer.split('/').map(encodeURIComponent).join('/');
      this.compiled.set(pointer, this.ajv.compile({$ref: `document#${uri}`}));
    }
    const check = this.compiled.get(pointer);
    if (check(value)) return null;
    const [e] = check.errors;
    return `${e.instancePath || 'it'} ${e.message} ${JSON.stringify(e.params)}`;
  }

  #operations() {
    const all = [];
    for (const [path, item] of Object.entries(this.root.paths)) {
      for (const method of METHODS.filter((m) => item[m])) {
        const pointer = `/paths/${escaped(path)}/${method}`;
        const operation = item[method];
        all.push({
          id: operation.operationId, path, method: method.toUpperCase(), pointer, role: operation['x-bindery-role'],
          parameters: [...this.#parameters(`/paths/${escaped(path)}`, item), ...this.#parameters(pointer, operation)],
          body: this.#body(pointer, operation),
          responses: this.#responses(pointer, operation),
        });
      }
    }
    return all;
  }

  #parameters(pointer, of) {
    return (of.parameters ?? []).map((unused, i) => {
      const [node, here] = this.at(`${pointer}/parameters/${i}`);
      return {name: node.name, in: node.in, required: node.required ?? false, example: node.example,
        schema: this.at(`${here}/schema`)[0], pointer: `${here}/schema`};
    });
  }

  #body(pointer, operation) {
    if (!operation.requestBody) return null;
    const [node, here] = this.at(`${pointer}/requestBody`);
    const [type] = Object.keys(node.content);
    const media = `${here}/content/${escaped(type)}`;
    const lines = node.content[type]['x-bindery-line'] !== undefined;
    return {required: node.required ?? false, type, lines, example: node.content[type].example,
      most: lines ? node.content[type].schema?.maxLength : undefined,
      pointer: `${media}/${lines ? 'x-bindery-line' : 'schema'}`};
  }

  #responses(pointer, operation) {
    const all = {};
    for (const status of Object.keys(operation.responses)) all[status] = this.response(`${pointer}/responses/${status}`);
    return all;
  }

  // A response object: its headers and bodies, each with where its schema stands.
  response(pointer) {
    const [node, here] = this.at(pointer);
    const headers = Object.keys(node.headers ?? {}).map((name) => {
      const [header, at] = this.at(`${here}/headers/${name}`);
      return {name, required: header.required ?? false, pointer: `${at}/schema`};
    });
    const content = {};
    for (const [type, media] of Object.entries(node.content ?? {})) {
      const at = `${here}/content/${escaped(type)}`;
      content[type] = {schema: media.schema && `${at}/schema`, line: media['x-bindery-line'] && `${at}/x-bindery-line`};
    }
    return {headers, content};
  }

  // Every member that a schema of an object names, with the pointer of its own schema.
  members(pointer) {
    const found = new Map();
    const [schema, here] = this.at(pointer);
    for (const name of Object.keys(schema.properties ?? {})) found.set(name, `${here}/properties/${escaped(name)}`);
    (schema.allOf ?? []).forEach((unused, i) => {
      for (const [name, at] of this.members(`${here}/allOf/${i}`)) found.set(name, at);
    });
    return found;
  }
}
