// Writes a line for each operation of an OpenAPI document, made of its examples: method, target,
// x-bindery-role, type of the body and body, with tabs between; '-' where there is none.
import {Document} from './document.mjs';
import {build} from './requests.mjs';

for (const o of new Document(process.argv[2]).operations) {
  const {method, target, body} = build(o, {body: o.body?.example});
  console.log([method, target, o.role, o.body?.type ?? '-', (body ?? '-').split('\n')[0]].join('\t'));
}
